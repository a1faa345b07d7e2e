import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { platform } from "../../kernel/platform";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const base = mkdtempSync(join(tmpdir(), "fovea-dense-"));
after(() => rmSync(base, { recursive: true, force: true }));

const fovea = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [cli, "dense", ...args], { encoding: "utf8" });
const [WIDTH, HEIGHT] = [24, 16];

async function write(folder: string, name: string, levels: (x: number, y: number) => number[]): Promise<string> {
  const pixels = Array.from({ length: WIDTH * HEIGHT }, (_, at) => levels(at % WIDTH, Math.floor(at / WIDTH)));
  const channels = pixels[0].length as 1 | 3;
  mkdirSync(join(base, folder), { recursive: true });
  const file = { data: Uint8Array.from(pixels.flat()), width: WIDTH, height: HEIGHT, channels };
  writeFileSync(join(base, folder, `${name}.png`), await platform().codec.png(file));
  return join(base, folder);
}

const score = (task: string, ...args: string[]): { score: number; metric: string; pictures: number } => {
  const { stdout, stderr } = fovea("score", "--task", task, "--json", ...args);
  assert.equal(stderr, "");
  return JSON.parse(stdout) as { score: number; metric: string; pictures: number };
};

describe("fovea dense score", () => {
  before(async () => {
    for (const name of ["a", "b"]) {
      await write("classes", name, (x) => [x < 12 ? 0 : 1]);
      await write("guesses", name, (x) => [x < 6 ? 0 : 1]);
      await write("lines", name, (x) => [x === 10 ? 255 : 0]);
      await write("near", name, (x) => [x === 11 ? 200 : 0]);
      await write("normals", name, () => [128, 128, 255]);
      await write("tilted", name, () => [255, 128, 128]);
    }
  });
  const at = (folder: string): string => join(base, folder);

  it("scores every task", () => {
    const iou = score("semseg", "--classes", "2", at("guesses"), at("classes"));
    assert.deepEqual([iou.metric, iou.pictures], ["mIoU", 2]);
    // Class 0: 6 of 12 columns; class 1: 12 of 18.
    assert.ok(Math.abs(iou.score - (6 / 12 + 12 / 18) / 2) < 1e-12);
    assert.equal(score("parts", "--classes", "4", "--absent", "skip", at("classes"), at("classes")).score, 1);
    assert.equal(score("saliency", at("lines"), at("lines")).score, 1);
    assert.ok(Math.abs(score("normals", at("tilted"), at("normals")).score - 89.5) < 0.5);
    assert.equal(score("depth", "--depth-scale", "0.1", at("lines"), at("lines")).score, 0);
    // One pixel of the diagonal of 28.8.
    assert.equal(score("boundary", "--max-dist", "0.05", at("near"), at("lines")).score, 1);
    assert.equal(score("boundary", "--max-dist", "0.03", at("near"), at("lines")).score, 0);
  });

  it("prints the score in words, and scores a list", () => {
    writeFileSync(at("list.txt"), "b\n");
    const args = ["--task", "boundary", "--max-dist", "0.05", "--list", at("list.txt"), at("near"), at("lines")];
    const { stdout, status } = fovea("score", ...args);
    assert.equal(status, 0);
    assert.match(stdout, /^odsF: 100.00 % \(1 pictures, higher is better\)\noisF: 1\n/);
  });

  it("takes the maps of several annotators", async () => {
    await write("many/a", "one", (x) => [x === 10 ? 255 : 0]);
    await write("many/a", "two", (x) => [x === 20 ? 255 : 0]);
    await write("single", "a", (x) => [x === 10 ? 255 : 0]);
    const { score: f } = score("boundary", "--no-thin", at("single"), at("many"));
    // Every predicted pixel is right, half of the labels' are found.
    assert.ok(Math.abs(f - 2 / 3) < 1e-9, String(f));
  });

  it("names file, rule and value of what it refuses", async () => {
    const refused = (rule: RegExp, ...args: string[]): void => {
      const { status, stderr, stdout } = fovea("score", ...args);
      assert.equal(status, 1);
      assert.match(stderr, rule);
      assert.equal(stdout, "");
    };
    refused(/--task and two folders are needed/, "--task", "depth", at("lines"));
    refused(/task must be one of semseg, .*received "edges"/, "--task", "edges", at("lines"), at("lines"));
    refused(/classes must be given for semseg/, "--task", "semseg", at("classes"), at("classes"));
    refused(
      /a prediction must be a class of 0..0 .*guesses.a.png\), received 1/,
      "--task",
      "semseg",
      "--classes",
      "1",
      at("guesses"),
      at("classes"),
    );
    refused(
      /--max-dist must be a number, received "x"/,
      "--task",
      "boundary",
      "--max-dist",
      "x",
      at("near"),
      at("lines"),
    );
    refused(/the folder must exist .*nowhere/, "--task", "boundary", at("nowhere"), at("lines"));
    await write("fewer", "a", () => [0]);
    refused(
      /every label must have a prediction .*fewer\), received "b"/,
      "--task",
      "boundary",
      at("fewer"),
      at("lines"),
    );
    refused(
      /every prediction must have a label .*fewer\), received "b"/,
      "--task",
      "boundary",
      at("lines"),
      at("fewer"),
    );
    await write("unknown", "a", () => [0]);
    await write("unknown", "b", () => [0]);
    refused(/labels of depth must have a pixel that counts .*unknown/, "--task", "depth", at("unknown"), at("unknown"));
    await write("partial", "a", (x) => [x === 3 ? 1 : x > 20 ? 255 : 0]);
    refused(
      /without ignored pixels .*partial.a.png\), received 255/,
      "--task",
      "boundary",
      at("partial"),
      at("partial"),
    );
    writeFileSync(join(at("fewer"), "b.png"), "no picture");
    refused(/must be a whole PNG or NPY file.*b.png/, "--task", "boundary", at("fewer"), at("lines"));
  });
});
