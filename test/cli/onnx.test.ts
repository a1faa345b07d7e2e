import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";

const ROOT = resolve(import.meta.dirname, "..", "..");
const cli = join(ROOT, "kernel", "dist", "cli.js");
const golden = (name: string) => join(ROOT, "test", "onnx", "golden", `${name}.onnx`);
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });

describe("fovea onnx inspect", () => {
  it("--json prints opset, inputs, outputs, blocks and the final norm", () => {
    const { status, stdout } = fovea("onnx", "inspect", golden("vit.ts17"), "--json");
    assert.equal(status, 0);
    const { opset, inputs, outputs, blocks, finalNorm } = JSON.parse(stdout);
    assert.equal(opset, 17);
    assert.equal(inputs[0].name, "pixel_values");
    assert.ok(outputs.length > 0 && typeof finalNorm === "string");
    assert.deepEqual(
      blocks.map((block: { index: number }) => block.index),
      [0, 1, 2],
    );
    for (const part of ["residual", "attention", "query", "key", "value"])
      assert.equal(typeof blocks[0][part], "string");
  });

  it("--json has null where a thing is not there", () => {
    const { blocks, finalNorm } = JSON.parse(fovea("onnx", "inspect", golden("convnext.ts17"), "--json").stdout);
    assert.deepEqual([blocks[0].attention, blocks[0].query, blocks[0].key, blocks[0].value], [null, null, null, null]);
    assert.equal(finalNorm, null);
  });

  it("prints a table for people, and the reason of a refusal", () => {
    assert.match(fovea("onnx", "inspect", golden("vit.ts17")).stdout, /opset 17[^]*block 2 \(stage 0\)/);
    assert.match(fovea("onnx", "inspect", golden("vit.qoperator")).stdout, /no blocks: .*QOperator/);
  });

  it("says what it needs", () => {
    assert.match(fovea("onnx").stderr, /onnx: the command must be inspect, received ""/);
    assert.match(fovea("onnx", "inspect").stderr, /one MODEL.onnx is needed, received 0/);
    const { status, stderr } = fovea("onnx", "inspect", "no-such.onnx");
    assert.equal(status, 1);
    assert.match(stderr, /onnx.inspect: the model file cannot be opened \(ENOENT\), received "no-such.onnx"/);
  });
});
