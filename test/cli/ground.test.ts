import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { data } from "../../kernel/index.ts";
import { platform } from "../../kernel/platform/index.ts";
import { grounding, nn } from "../grounding/names.ts";
import { SMALL, tokenizerJson } from "../grounding/small.ts";

const CLI = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "fovea-ground-"));
const [model, several, picture] = ["model.onnx", "several.onnx", "picture.png"].map((name) => join(folder, name));
const PHRASES = ["the small red boat", "the cat"] as const;

function fovea(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "ground", ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

describe("fovea ground", () => {
  let expected: grounding.Detections;
  before(async () => {
    await nn.start("native");
    nn.manualSeed(7);
    const tokenizer = tokenizerJson(PHRASES);
    await grounding.saveOnnx(new grounding.SimVg(SMALL).eval(), model, { tokenizer, length: 8 });
    const many = new grounding.SimVg({ ...SMALL, head: { ...SMALL.head, queries: 3 } }).eval();
    await grounding.saveOnnx(many, several, { tokenizer, length: 8 });
    const image = data.world.render(data.world.scene(5, { size: 64 }));
    writeFileSync(picture, await platform().codec.png(image));
    const session = await grounding.loadOnnx(model, { device: "cpu" });
    expected = await session.ground(image, PHRASES);
    await session.dispose();
  });
  after(() => rmSync(folder, { recursive: true }));

  it("prints score and box of each phrase", () => {
    const { code, out, err } = fovea(model, picture, ...PHRASES, "--device", "cpu");
    const line = ([{ box, score }]: grounding.Detections[number], i: number): string =>
      `${PHRASES[i]}: score ${score.toFixed(3)}, box ${box.map((edge) => edge.toFixed(1)).join(" ")}\n`;
    assert.deepEqual([code, err, out], [0, "", expected.map(line).join("")]);
  });

  it("prints JSON, and draws the box", async () => {
    const output = join(folder, "out.png");
    const { code, out, err } = fovea(model, picture, PHRASES[0], "--json", "--output", output);
    assert.deepEqual([code, err], [0, ""]);
    const [{ phrase, boxes }] = JSON.parse(out) as { phrase: string; boxes: grounding.Detections[number] }[];
    assert.equal(phrase, PHRASES[0]);
    boxes[0].box.forEach((edge, i) => assert.ok(Math.abs(edge - expected[0][0].box[i]) < 1e-4));
    const [before, after] = await Promise.all([picture, output].map((path) => data.decodeImage(path)));
    assert.deepEqual([after.width, after.height], [before.width, before.height]);
    const [left, top, right] = boxes[0].box;
    const at = 3 * (Math.round(top - 0.5) * after.width + Math.round((left + right) / 2));
    assert.deepEqual([...after.data.slice(at, at + 3)], [0xe6, 0x9f, 0x00]);
    assert.notDeepEqual([...before.data.slice(at, at + 3)], [0xe6, 0x9f, 0x00]);
    assert.ok(!readdirSync(folder).some((name) => name.endsWith(".part")));
  });

  it("names the color of each phrase's box where it is drawn", () => {
    const { code, out } = fovea(model, picture, ...PHRASES, "--output", join(folder, "two.png"));
    assert.equal(code, 0);
    assert.match(out, /^the small red boat \(orange\): score .*\nthe cat \(sky blue\): score .*\n$/);
    const lost = fovea(model, picture, PHRASES[0], "--output", join(folder, "none", "x.png"));
    assert.match(lost.err, /the folder of the file must exist \(ENOENT\), received ".*none.x\.png"/);
    const none = fovea(several, picture, PHRASES[0], "--threshold", "1", "--output", join(folder, "two.png"));
    assert.equal(none.out, `${PHRASES[0]}: no box\n`);
  });

  it("shows of several boxes those above the threshold, or says that there are none", () => {
    const count = (...args: string[]): number =>
      (JSON.parse(fovea(several, picture, PHRASES[0], "--json", ...args).out) as { boxes: unknown[] }[])[0].boxes
        .length;
    assert.equal(count("--threshold", "0"), 3);
    assert.equal(fovea(several, picture, PHRASES[0], "--threshold", "1").out, `${PHRASES[0]}: no box\n`);
    assert.match(
      fovea(model, picture, PHRASES[0], "--threshold", "2").err,
      /--threshold must lie in 0\.\.1, received "2"/,
    );
  });

  it("refuses phrases, files and arguments by name, and writes nothing then", () => {
    const output = join(folder, "none.png");
    const refused = (rule: RegExp, ...args: string[]): void => {
      const { code, out, err } = fovea(...args);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, rule);
    };
    refused(
      /must be a text that is not empty, nor of marks alone, received " "/,
      model,
      picture,
      " ",
      "--output",
      output,
    );
    refused(/must be a text that is not empty, nor of marks alone, received ""/, model, picture, "?!");
    refused(
      /characters that the tokenizer knows, received "the zebra"/,
      model,
      picture,
      "The zebra",
      "--output",
      output,
    );
    refused(/at most 8 ids, it has 11, received/, model, picture, Array(9).fill("cat").join(" "), "--output", output);
    refused(/the file must exist, received ".*none\.onnx"/, join(folder, "none.onnx"), picture, "the cat");
    refused(/picture file cannot be read/, model, join(folder, "none.jpg"), "the cat");
    refused(/a model, a picture and a phrase are needed\n\nusage: fovea ground MODEL\.onnx/, model, picture);
    refused(/--output must end in \.png, received "out\.jpg"/, model, picture, "the cat", "--output", "out.jpg");
    refused(/Unknown option '--box'[^]*usage: fovea ground/, model, picture, "the cat", "--box");
    assert.ok(!existsSync(output));
  });
});
