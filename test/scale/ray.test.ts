import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as encoders from "../../kernel/encoders/index.ts";
import { maxAbsDiff } from "../encoders/golden.ts";
import { CLI, contentOf, ENCODER, fovea, planTars, png, writeTars } from "./material.ts";
import { scalePython } from "./python.mjs";

const python = scalePython();
const skip = python ? false : "no Python with Ray: run npm test -- scale";

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "fovea-ray-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function cluster<T extends object>(...args: string[]): T | { unstarted: string } {
  const script = join(import.meta.dirname, "ray_cluster.py");
  const result = join(folder, "result.json");
  rmSync(result, { force: true });
  const line = [script, result, ...args, "--", process.execPath, CLI];
  const { status, stderr } = spawnSync(python as string, line, { encoding: "utf8", timeout: 400_000 });
  assert.equal(status, 0, stderr.slice(-4000));
  return JSON.parse(readFileSync(result, "utf8")) as T | { unstarted: string };
}

describe("Extractor of fovea_kernel.ray", { skip }, () => {
  it("takes odd batches, refuses what are no encoded pictures, and starts a lost process again", () => {
    const picture = join(folder, "one.png");
    writeFileSync(picture, png(1));
    const line = [join(import.meta.dirname, "extractor.py"), ENCODER, picture, "--", process.execPath, CLI];
    const { status, stdout, stderr } = spawnSync(python as string, line, { encoding: "utf8", timeout: 120_000 });
    assert.equal(status, 0, stderr.slice(-4000));
    const { refused, ...result } = JSON.parse(stdout) as { refused: string[] };
    for (const [i, kind] of ["str", "int", "ndarray"].entries())
      assert.match(refused[i], new RegExp(`Extractor: column must hold encoded pictures as bytes.*received ${kind}`));
    assert.deepEqual(result, {
      kinds: [true, true, true],
      rows: [0, 0],
      sameType: true,
      columns: ["image", "features"],
      sameAfterKill: true,
    });
  });
});

describe("a Ray cluster of two nodes", { skip }, () => {
  it("makes a plan while actors, processes and a node are killed, and loses and doubles nothing", async (t) => {
    const tars = await writeTars(join(folder, "tars"), 16, 10);
    const calm = planTars(tars, join(folder, "calm", "plan.json"), "--batch-size", "4");
    assert.equal(fovea(["extract", "--plan", calm, "--device", "cpu"]).code, 0);
    const plan = planTars(tars, join(folder, "ray", "plan.json"), "--batch-size", "4");
    type Result = { status?: { whole: number; pictures: number }; error?: string; kills: string[]; twice: number[] };
    const result = cluster<Result>("extract", plan, "20");
    if ("unstarted" in result) return t.skip(`Ray does not start: ${result.unstarted}`);
    const whole = `all of it: ${JSON.stringify(result)}`;
    t.diagnostic(whole);
    const { status, kills, twice } = result;
    assert.deepEqual([status?.whole, status?.pictures, twice], [16, 160, []], whole);
    // Each part that is made waits for a kill of its actor at least, so that no speed of a machine makes them fewer.
    assert.ok(kills.length >= 16 && kills.includes("node"), whole);
    assert.deepEqual(contentOf(join(folder, "ray", "plan.parts")), contentOf(join(folder, "calm", "plan.parts")));
  });

  it("adds features to batches of NumPy and of Arrow, with NaN for a picture that fails", async (t) => {
    const pictures = join(folder, "pictures");
    mkdirSync(pictures);
    for (let i = 0; i < 5; i++) writeFileSync(join(pictures, `${i}.png`), png(i));
    writeFileSync(join(pictures, "none.png"), "none");
    type Rows = Record<string, number[]>;
    const result = cluster<{ numpy: Rows; pyarrow: Rows; prepared: Rows }>("data", ENCODER, pictures);
    if ("unstarted" in result) return t.skip(`Ray does not start: ${result.unstarted}`);
    const { numpy, pyarrow, prepared } = result;
    assert.deepEqual(pyarrow, numpy);
    const names = Object.keys(numpy).sort();
    assert.deepEqual(names, ["0.png", "1.png", "2.png", "3.png", "4.png", "none.png"]);
    await compareWithOwn(numpy, {}, false);
    await compareWithOwn(prepared, { preprocess: "imagenet", inputSize: [128, 128] }, true);
    assert.ok(
      numpy["none.png"].every((value) => value === 1e9),
      "NaN, which JSON lacks",
    );
  });
});

/** Compares rows of `Extractor` with the means of the encoder's own features. */
async function compareWithOwn(rows: Record<string, number[]>, options: encoders.LoadOptions, norm: boolean) {
  const encoder = await encoders.load(ENCODER, { device: "cpu", ...options });
  for (let i = 0; i < 5; i++) {
    const { intermediates } = await encoder.forwardIntermediates(png(i), { indices: [-1], outputFmt: "NLC", norm });
    const [{ data, channels }] = intermediates;
    const mean = new Float64Array(channels);
    data.forEach((value, at) => (mean[at % channels] += value / (data.length / channels)));
    assert.ok(maxAbsDiff(rows[`${i}.png`], mean) < 1e-4, `picture ${i}, ${JSON.stringify(options)}`);
  }
  await encoder.dispose();
}
