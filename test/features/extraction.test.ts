import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { truncateSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import type { Encoder } from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import type { ExtractOptions, ExtractProgress, ManifestLine } from "../../kernel/features/index.ts";
import { quantize } from "../../kernel/features/tensors.ts";
import { halfToFloat } from "../../kernel/numeric/index.ts";
import { readSafetensors } from "../../kernel/safetensors/safetensors";
import { load, maxAbsDiff } from "../encoders/golden.ts";

let folder: string;
let encoder: Encoder;
const paths: string[] = [];
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-extraction-"));
  encoder = await load("vit.ts17");
  for (let i = 0; i < 10; i++) {
    const create = { width: 40, height: 32, channels: 3 as const, background: { r: 25 * i, g: 90, b: 255 - 25 * i } };
    paths.push(join(folder, `${i}.png`));
    await sharp({ create: { ...create, noise: { type: "gaussian", mean: 128, sigma: 20 } } }).toFile(paths[i]);
  }
});
after(async () => {
  await encoder.dispose();
  rmSync(folder, { recursive: true });
});

const run = (out: string, more: Partial<ExtractOptions> = {}) =>
  features.extract({ encoder, images: paths, out: join(folder, out), batchSize: 2, imagesPerFile: 4, ...more });

const lines = (out: string): ManifestLine[] =>
  readFileSync(join(folder, out, "manifest.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

function sameFiles(a: string, b: string): void {
  assert.deepEqual(readdirSync(join(folder, a)).sort(), readdirSync(join(folder, b)).sort());
  for (const name of readdirSync(join(folder, a)))
    assert.ok(readFileSync(join(folder, a, name)).equals(readFileSync(join(folder, b, name))), name);
}

describe("features.extract", () => {
  it("reports progress and leaves a loaded encoder loaded", async () => {
    const seen: ExtractProgress[] = [];
    const result = await run("whole", { onProgress: (progress) => seen.push(progress) });
    assert.deepEqual([result.images, result.ok, result.skipped, result.reused], [10, 10, 0, 0]);
    assert.deepEqual(
      seen.map(({ done }) => done),
      [2, 4, 6, 8, 10],
    );
    assert.deepEqual(readdirSync(join(folder, "whole")).sort(), [
      "features-00000.safetensors",
      "features-00001.safetensors",
      "features-00002.safetensors",
      "manifest.jsonl",
      "run.json",
    ]);
    assert.equal((await encoder.forwardIntermediates(paths[0])).intermediates.length, 3);
  });

  it("stopped by its signal keeps whole files, and goes on to the same bytes", async () => {
    const stop = new AbortController();
    const onProgress = ({ done }: ExtractProgress) => done === 6 && stop.abort(new Error("enough"));
    await assert.rejects(run("stopped", { signal: stop.signal, onProgress: (p) => void onProgress(p) }), /enough/);
    assert.equal(lines("stopped").length, 4);
    assert.equal((await run("stopped")).reused, 4);
    sameFiles("stopped", "whole");
  });

  it("cuts off what a run that died between two steps left behind", async () => {
    const out = join(folder, "died");
    mkdirSync(out);
    await run("died", { images: paths.slice(0, 4) });
    // After the shard, in the middle of the manifest, before run.json.
    copyFileSync(join(folder, "whole", "features-00002.safetensors"), join(out, "features-00001.safetensors"));
    appendFileSync(join(out, "manifest.jsonl"), '{"path":"4.png","sha');
    writeFileSync(join(out, "features-00001.safetensors.0123.part"), "half");
    writeFileSync(join(out, "run.json.0123.part"), "half");
    writeFileSync(join(out, ".lock"), JSON.stringify({ host: hostname(), pid: process.ppid }));
    await assert.rejects(run("died"), new RegExp(`by process ${process.ppid}, received`));
    // No process has a number so large.
    writeFileSync(join(out, ".lock"), JSON.stringify({ host: hostname(), pid: 2 ** 30 }));
    await run("died");
    sameFiles("died", "whole");
  });

  it("refuses a folder in use, of other options, or damaged", async () => {
    mkdirSync(join(folder, "busy"));
    writeFileSync(join(folder, "busy", "manifest.jsonl"), "");
    // Whichever of the two comes to the lock second is refused.
    const both = await Promise.allSettled([run("busy"), run("busy")]);
    const refused = both.filter((result) => result.status === "rejected");
    assert.equal(refused.length, 1);
    assert.match(String(refused[0].reason), /out must be written by one process at a time, it is by this process/);
    await assert.rejects(run("busy", { norm: true }), /the same norm/);
    await assert.rejects(run("busy", { indices: [0], facet: "key" }), /the same layers, facet/);
    truncateSync(join(folder, "busy", "manifest.jsonl"), 10);
    await assert.rejects(run("busy"), /manifest.jsonl must have \d+ bytes, received 10/);
    writeFileSync(join(folder, "busy", "run.json"), "{}");
    await assert.rejects(run("busy"), /run.json must describe a run of version 1/);
    rmSync(join(folder, "busy", "run.json"));
    await assert.rejects(run("busy"), /out must be empty or hold run.json/);
    await assert.rejects(
      run("x", { imagesPerFile: 0 }),
      /imagesPerFile must be a whole number of at least 1, received 0/,
    );
    await assert.rejects(run("x", { preprocess: "half" }), /preprocess must be given where the encoder is loaded/);
    await assert.rejects(
      run("x", { indices: [3] }),
      /features.extract: layer 3 is out of range, legal layers are -3..2/,
    );
  });

  const DAMAGE: [what: string, harm: (file: string) => void, reason: RegExp][] = [
    ["deleted", (file) => rmSync(file), /^is missing$/],
    ["truncated", (file) => truncateSync(file, 1000), /^has 1000 of \d+ bytes$/],
    ["longer", (file) => appendFileSync(file, "more"), /^has \d+ of \d+ bytes$/],
    ["empty", (file) => truncateSync(file, 0), /^has 0 of \d+ bytes$/],
    ["altered", (file) => flipLastByte(file), /^holds other bytes than were written$/],
  ];
  for (const [what, harm, reason] of DAMAGE)
    it(`computes again what a ${what} file held, and says so`, async () => {
      await run(what);
      harm(join(folder, what, "features-00001.safetensors"));
      const { ok, reused, redone, damaged } = await run(what);
      assert.deepEqual([ok, reused, redone, damaged.length], [10, 6, 4, 1]);
      assert.deepEqual([damaged[0].file, damaged[0].paths], ["features-00001.safetensors", paths.slice(4, 8)]);
      assert.match(damaged[0].reason, reason);
      const stored = await features.open(join(folder, what));
      const whole = await features.open(join(folder, "whole"));
      for (const path of paths)
        assert.ok(maxAbsDiff((await stored.features(path)).data, (await whole.features(path)).data) < 1e-6, path);
      const again = await run(what);
      assert.deepEqual([again.reused, again.redone, again.damaged], [10, 0, []], "nothing is left to do");
    });

  function flipLastByte(file: string): void {
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
  }

  it("keeps the checksum of the file that a copy's features lie in", async () => {
    const copy = join(folder, "later-copy.png");
    copyFileSync(paths[0], copy);
    await run("copies", { images: [paths[0]] });
    await run("copies", { images: [copy, paths[1]] });
    const [original, later, fresh] = lines("copies");
    assert.deepEqual([later.shard, later.file], [original.shard, original.file]);
    assert.notDeepEqual(fresh.file, original.file);
    assert.deepEqual((await run("copies", { images: [paths[0], copy, paths[1]] })).damaged, []);
  });

  it("never takes the features of equal content from a damaged file", async () => {
    const copy = join(folder, "twin.png");
    copyFileSync(paths[0], copy);
    await run("twins", { images: [paths[0]] });
    rmSync(join(folder, "twins", "features-00000.safetensors"));
    const { ok, redone, damaged } = await run("twins", { images: [copy] });
    assert.deepEqual([ok, redone, damaged.length], [1, 0, 1], "the lost picture is none of this call's");
    assert.equal(lines("twins").at(-1)!.shard, "features-00001.safetensors");
    const stored = await features.open(join(folder, "twins"));
    assert.ok((await stored.features(copy)).data.length > 0);
    const lost = /features-00000.safetensors must be whole; features.extract with the same options .*ENOENT/;
    await assert.rejects(stored.features(paths[0]), lost);
  });

  it("knows by its header whether a file without checksum is whole", async () => {
    await run("earlier");
    const out = join(folder, "earlier");
    const text = lines("earlier").map(({ file, ...line }) => `${JSON.stringify({ ...line, old: file && 1 })}\n`);
    writeFileSync(join(out, "manifest.jsonl"), text.join(""));
    const described = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
    described.committed.manifest = Buffer.byteLength(text.join(""));
    writeFileSync(join(out, "run.json"), JSON.stringify(described));
    assert.equal((await run("earlier")).redone, 0);
    truncateSync(join(out, "features-00002.safetensors"), 1000);
    assert.equal((await run("earlier")).redone, 2);
  });

  it("extracts an image anew when its file has changed", async () => {
    const changing = join(folder, "changing.png");
    copyFileSync(paths[0], changing);
    await run("changed", { images: [changing] });
    copyFileSync(paths[1], changing);
    assert.equal((await run("changed", { images: [changing] })).reused, 0);
    const [old, now] = lines("changed");
    assert.notEqual(old.sha256, now.sha256);
    assert.equal(now.shard, "features-00001.safetensors");
  });

  it("lists every copy of a bad picture", async () => {
    const bad = ["a", "b", "c"].map((name) => join(folder, `bad-${name}.jpg`));
    for (const path of bad) writeFileSync(path, "no picture");
    const result = await run("bad", { images: [...bad, paths[0]] });
    assert.deepEqual([result.ok, result.skipped], [1, 3]);
    const reasons = lines("bad").map(({ reason }) => reason);
    assert.equal(new Set(reasons.slice(0, 3)).size, 1);
    assert.equal(reasons[3], undefined);
  });

  it("knows copies of a picture whose batch takes longer to read", async () => {
    const slow = join(folder, "slow.jpg");
    writeFileSync(slow, Buffer.alloc(2 ** 25));
    const copy = join(folder, "copy.png");
    copyFileSync(paths[0], copy);
    const result = await run("slow", { images: [slow, copy, paths[0], paths[1]] });
    assert.deepEqual([result.ok, result.skipped], [3, 1]);
    const [, first, second] = lines("slow");
    assert.deepEqual(second, { ...first, path: paths[0] });
  });

  it("f16 and int8 are near f32", async () => {
    await run("half", { dtype: "f16" });
    await run("levels", { dtype: "int8" });
    const [whole, half, levels] = ["whole", "half", "levels"].map((out) => lines(out)[7]);
    const read = async (out: string, { shard }: ManifestLine) =>
      (await readSafetensors(join(folder, out, shard!))).tensors;
    const { name, shape } = whole.tensors["2"];
    const expected = (await read("whole", whole)).get(name)!.data as Float32Array;
    const largest = expected.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    assert.equal(half.tensors["2"].dtype, "F16");
    const f16 = halfToFloat((await read("half", half)).get(half.tensors["2"].name)!.data as Uint16Array);
    assert.ok(expected.every((x, i) => Math.abs(x - f16[i]) <= largest * 2 ** -11));
    const { dtype, scale } = levels.tensors["2"];
    assert.equal(dtype, "I8");
    const int8 = await read("levels", levels);
    const scales = int8.get(scale!)!.data as Float32Array;
    const steps = int8.get(name)!.data as Int8Array;
    assert.equal(scales.length, shape[0]);
    assert.ok(
      expected.every((x, i) => Math.abs(x - steps[i] * scales[Math.floor(i / shape[1])]) <= largest / 254 + 1e-6),
    );
  });

  it("are read back by path, with the geometry that points need", async () => {
    const { intermediates } = await encoder.forwardIntermediates(paths[7], { indices: [2], outputFmt: "NLC" });
    for (const [out, tolerance] of [
      ["whole", 1e-5],
      ["half", 5e-3],
      ["levels", 5e-2],
    ] as const) {
      const stored = await features.open(join(folder, out));
      assert.deepEqual(stored.paths, paths);
      const map = await stored.features(paths[7]);
      assert.deepEqual([map.dims, map.layer, map.grid], [intermediates[0].dims, 2, intermediates[0].grid]);
      assert.deepEqual(map.geometry, intermediates[0].geometry);
      assert.ok(maxAbsDiff(map.data, intermediates[0].data) < tolerance, out);
      await assert.rejects(
        stored.features(paths[7], 1),
        /features.FeatureFolder.features: stored layers are 2, received 1/,
      );
      await assert.rejects(stored.features("x.png"), /the image must be one of 10 in paths, received "x.png"/);
    }
    const bad = await features.open(join(folder, "bad"));
    assert.deepEqual(bad.paths, [paths[0]]);
    await assert.rejects(bad.features(join(folder, "bad-a.jpg")), /must be a readable JPEG/);
    for (const none of [undefined, "", 5] as never[])
      await assert.rejects(features.open(none), /features\.open: folder must be a path, received/);
    await assert.rejects(features.open(folder), /the folder must hold run.json and manifest.jsonl \(ENOENT\)/);
  });

  it("are refused where the manifest leads out of the folder, or is no manifest", async () => {
    const manifest = join(folder, "half", "manifest.jsonl");
    const text = readFileSync(manifest, "utf8");
    // As long as before: its length is written down.
    writeFileSync(manifest, text.replaceAll("features-00000.safetensors", "../../00/../../safetensors"));
    const stored = await features.open(join(folder, "half"));
    await assert.rejects(stored.features(paths[0]), /the manifest must name a shard and a tensor/);
    writeFileSync(manifest, `[${text.slice(1)}`);
    await assert.rejects(features.open(join(folder, "half")), /line 1 of manifest.jsonl must describe an image/);
    await assert.rejects(run("half", { dtype: "f16" }), /features.extract: line 1 of manifest.jsonl must describe/);
  });

  it("quantises zeros and what is not finite", () => {
    const { levels, scales } = quantize(Float32Array.of(0, 0, 0, NaN, Infinity, -2), 3);
    assert.deepEqual([...levels], [0, 0, 0, 0, 127, -127]);
    assert.deepEqual([...scales], [0, Math.fround(2 / 127)]);
  });
});
