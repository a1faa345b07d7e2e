import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import * as encoders from "../../kernel/encoders";
import * as models from "../../kernel/models";
import type { ManifestLine } from "../../kernel/features/index.ts";
import { readSafetensors } from "../../kernel/safetensors/safetensors";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const ENCODER = "zoo/untrained-hybrid";
const COUNT = 24;

let folder: string;
let images: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-extract-"));
  images = join(folder, "images");
  mkdirSync(join(images, "more"), { recursive: true });
  for (let i = 0; i < COUNT; i++) {
    const noise = { type: "gaussian" as const, mean: 10 * i, sigma: 30 };
    const create = { width: 90 + i, height: 80, channels: 3 as const, background: "white", noise };
    await sharp({ create })
      .png()
      .toFile(join(images, i % 2 ? "more" : "", `image${String(i).padStart(2, "0")}.png`));
  }
  writeFileSync(join(images, "image07-broken.png"), "no picture");
  copyFileSync(join(images, "image00.png"), join(images, "image20-copy.png"));
  writeFileSync(join(images, "notes.txt"), "no picture either, and not called one");
});
after(() => rmSync(folder, { recursive: true, force: true }));

const args = (out: string, ...more: string[]) => [
  cli,
  "extract",
  "--encoder",
  ENCODER,
  "--images",
  images,
  "--indices",
  "-1,0",
  "--out",
  join(folder, out),
  "--device",
  "cpu",
  "--batch-size",
  "2",
  "--images-per-file",
  "4",
  ...more,
];
const extract = (out: string, ...more: string[]) =>
  spawnSync(process.execPath, args(out, ...more), { encoding: "utf8" });

function manifest(out: string): ManifestLine[] {
  const lines = readFileSync(join(folder, out, "manifest.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as ManifestLine);
}

/** A run that is killed the moment it has put `count` files of features into their places, by what it loads first. */
function killAfter(out: string, count: number): void {
  const first = join(folder, "killer.cjs");
  writeFileSync(
    first,
    `const files = require("node:fs/promises");
    const { rename } = files;
    let left = ${count};
    files.rename = async (from, to) => {
      await rename(from, to);
      if (/features-\\d+/.test(to) && --left === 0) process.kill(process.pid, "SIGKILL");
    };`,
  );
  const { signal } = spawnSync(process.execPath, ["--require", first, ...args(out)], { stdio: "ignore" });
  assert.equal(signal, "SIGKILL", "killed before its end");
}

describe("fovea extract", () => {
  it("writes features, a line an image, and what made them", async () => {
    const { status, stdout, stderr } = extract("whole", "--json");
    assert.equal(status, 0, stderr);
    const result = JSON.parse(stdout);
    assert.deepEqual(
      [result.images, result.ok, result.skipped, result.reused],
      [COUNT + 2, COUNT + 1, 1, 0],
      "the copy has features too",
    );
    const lines = manifest("whole");
    assert.equal(lines.length, COUNT + 2);
    const broken = lines.find(({ path }) => path === "image07-broken.png")!;
    assert.deepEqual([broken.status, broken.shard, broken.tensors], ["skipped", null, {}]);
    assert.match(broken.reason!, /the picture must be a readable JPEG, PNG/);
    const [original, copy] = ["image00.png", "image20-copy.png"].map((name) =>
      lines.find(({ path }) => path === name)!,
    );
    assert.deepEqual(copy, { ...original, path: "image20-copy.png" }, "computed once");
    const run = JSON.parse(readFileSync(join(folder, "whole", "run.json"), "utf8"));
    assert.equal(run.hash, result.hash);
    assert.match(run.encoder.sha256, /^[0-9a-f]{64}$/);
    assert.equal(run.dtype, "f32");
  });

  it("stores what forwardIntermediates gives", async () => {
    const encoder = await encoders.load(ENCODER, { device: "cpu" });
    const line = manifest("whole").find(({ path }) => path === "more/image05.png")!;
    const { tensors } = await readSafetensors(join(folder, "whole", line.shard!));
    const { intermediates } = await encoder.forwardIntermediates(join(images, line.path), { outputFmt: "NLC" });
    assert.deepEqual(Object.keys(line.tensors), ["0", String(encoder.info.depth - 1)]);
    for (const [layer, { name, shape, dtype }] of Object.entries(line.tensors)) {
      const expected = intermediates[Number(layer)];
      assert.deepEqual([shape, dtype], [expected.dims.slice(1), "F32"]);
      const { data } = tensors.get(name)!;
      const worst = expected.data.reduce((max, x, i) => Math.max(max, Math.abs(x - (data[i] as number))), 0);
      assert.ok(worst < 1e-4, `layer ${layer}: ${worst}`);
    }
    await encoder.dispose();
  });

  it("killed twice and started again, ends with the bytes of an uninterrupted run", async () => {
    killAfter("killed", 1);
    killAfter("killed", 3);
    const before = manifest("killed").length;
    assert.ok(before > 0 && before < COUNT, `${before} lines`);
    const { status, stdout, stderr } = extract("killed", "--json");
    assert.equal(status, 0, stderr);
    assert.ok(JSON.parse(stdout).reused > 0);
    const names = readdirSync(join(folder, "whole")).sort();
    assert.deepEqual(readdirSync(join(folder, "killed")).sort(), names, "nothing is left beside");
    for (const name of names)
      assert.ok(readFileSync(join(folder, "killed", name)).equals(readFileSync(join(folder, "whole", name))), name);
  });

  it("run again does nothing, and then only what is new", () => {
    const bytes = readFileSync(join(folder, "killed", "manifest.jsonl"));
    assert.equal(JSON.parse(extract("killed", "--json").stdout).reused, COUNT + 2);
    assert.deepEqual(readFileSync(join(folder, "killed", "manifest.jsonl")), bytes);
    const list = join(folder, "list.txt");
    writeFileSync(list, "images/image00.png\nimages/absent.png\n");
    const { status, stdout } = extract("killed", "--json", "--images", list);
    assert.equal(status, 0);
    assert.equal(JSON.parse(stdout).skipped, 1);
    const [known, absent] = manifest("killed").slice(-2);
    assert.equal(known.shard, "features-00000.safetensors", "content that is there is not computed again");
    assert.deepEqual([absent.sha256, absent.reason], [null, "the picture file cannot be read (ENOENT)"]);
  });

  it("computes again what a lost file held, and says so", () => {
    extract("lost");
    rmSync(join(folder, "lost", "features-00001.safetensors"));
    const { status, stdout } = extract("lost");
    assert.equal(status, 0);
    assert.match(stdout, /^features-00001.safetensors is missing: it held the features of 3 images\n/);
    assert.match(
      stdout,
      /skipped image07-broken\.png: the picture must be [^]*: 25 of 26 images have features, 1 skipped, 23 were there before, 3 computed again/,
    );
    const { redone, damaged } = JSON.parse(extract("lost", "--json").stdout);
    assert.deepEqual([redone, damaged], [0, []]);
  });

  it("takes the preparation of pictures where no configuration lies beside the model", () => {
    const model = join(folder, "own.onnx");
    copyFileSync(join(import.meta.dirname, "..", "onnx", "golden", "vit.ts17.onnx"), model);
    const list = join(folder, "one.txt");
    writeFileSync(list, "images/image00.png\n");
    const run = (out: string, ...more: string[]) => extract(out, "--encoder", model, "--images", list, ...more);
    assert.match(run("none").stderr, /preprocess must be given.*Give --preprocess imagenet on the command line/);
    assert.match(
      run("none", "--preprocess", "imagenette").stderr,
      /--preprocess must be imagenet, clip, half or a file/,
    );
    const meanOf = (out: string) =>
      JSON.parse(readFileSync(join(folder, out, "run.json"), "utf8")).encoder.preprocess.mean;
    assert.equal(run("named", "--preprocess", "imagenet").status, 0);
    assert.deepEqual(meanOf("named"), [0.485, 0.456, 0.406]);
    const file = join(folder, "own.json");
    writeFileSync(file, `\uFEFF${JSON.stringify({ mean: [0.1, 0.2, 0.3], std: [1, 1, 1] })}`);
    assert.equal(run("filed", "--preprocess", file).status, 0);
    assert.deepEqual(meanOf("filed"), [0.1, 0.2, 0.3]);
    writeFileSync(file, "[");
    assert.match(run("broken", "--preprocess", file).stderr, /own.json of --preprocess must be JSON/);
    writeFileSync(file, JSON.stringify({ man: [0, 0, 0] }));
    assert.match(run("broken", "--preprocess", file).stderr, /preprocess may have inputSize, .* received "man"/);
  });

  it("takes the size of the pictures where the graph takes any, and names the option", async () => {
    const student = await (await encoders.load("zoo/mae-vit")).trainable();
    const written = await models.toOnnx(student, {
      inputs: { pixel_values: [1, 3, 128, 128] },
      dynamic: ["batch", "height", "width"],
    });
    const model = join(folder, "free.onnx");
    await written.save(model);
    const list = join(folder, "two.txt");
    writeFileSync(list, "images/image00.png\nimages/image02.png\n");
    const run = (out: string, ...more: string[]) =>
      extract(out, "--encoder", model, "--images", list, "--preprocess", "imagenet", ...more);
    assert.match(
      run("free").stderr,
      /inputSize must be given, as the graph takes pictures of any size: --input-size 224/,
    );
    assert.match(
      run("free", "--input-size", "12a").stderr,
      /--input-size must be a side as 224, or HEIGHTxWIDTH, received "12a"/,
    );
    for (const [text, size] of [
      ["96", [96, 96]],
      ["96x64", [96, 64]],
    ] as const) {
      assert.equal(run(`free-${text}`, "--input-size", text).status, 0);
      const { encoder } = JSON.parse(readFileSync(join(folder, `free-${text}`, "run.json"), "utf8"));
      assert.deepEqual(encoder.preprocess.inputSize, size);
    }
  });

  it("shards cover every image once, in one folder after another or each in its own", () => {
    for (const [out, shard] of [
      ["part0", "0/2"],
      ["part1", "1/2"],
      ["both", "1/2"],
      ["both", "2/2"],
    ])
      assert.equal(extract(out, "--shard", shard).status, 0);
    const paths = (...outs: string[]) => outs.flatMap((out) => manifest(out).map(({ path }) => path)).sort();
    const all = paths("whole");
    assert.deepEqual(paths("part0", "part1"), all);
    assert.deepEqual(paths("both"), all);
    assert.match(
      extract("part0", "--shard", "3/2").stderr,
      /shard must be i\/n with i of 0..n-1 or 1..n, received "3\/2"/,
    );
  });

  it("says what it needs, and what is in the way", () => {
    assert.match(
      spawnSync(process.execPath, [cli, "extract"], { encoding: "utf8" }).stderr,
      /--encoder, --images and --out/,
    );
    assert.match(extract("whole", "--dtype", "f16").stderr, /out must be empty or hold a run of the same dtype/);
    assert.match(extract("x", "--dtype", "f8").stderr, /dtype must be f32, f16, int8, received "f8"/);
    assert.match(
      extract("x", "--indices", "a").stderr,
      /--indices must be all, or whole numbers and stem, received "a"/,
    );
    assert.match(extract("list.txt/x").stderr, /out must be a folder that can be written \(ENOTDIR\)/);
    assert.match(extract("x", "--images", join(folder, "absent")).stderr, /images must be a folder or a list of paths/);
  });

  it("reports a full disk and goes on when there is room", { skip: process.platform === "win32" }, () => {
    const limited = ["-c", 'ulimit -f 8; exec "$0" "$@"', process.execPath, ...args("full")];
    const { status, stderr } = spawnSync("bash", limited, { encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /out must have room for more features \(EFBIG\); free some and run again to go on/);
    assert.equal(extract("full").status, 0);
    assert.deepEqual(readdirSync(join(folder, "full")).sort(), readdirSync(join(folder, "whole")).sort());
  });
});
