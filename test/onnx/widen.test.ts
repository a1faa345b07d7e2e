import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { onnxruntime } from "../../kernel/backend/onnxruntime";
import { editModel, type EditedModel } from "../../kernel/onnx/edit";
import { readModel } from "../../kernel/onnx/parse";
import { widen } from "../../kernel/onnx/widen";

const GOLDEN = join(import.meta.dirname, "golden");
const path = join(GOLDEN, "wide.onnx");
/** By PyTorch in double precision, see golden/make_wide.py. */
const golden = JSON.parse(readFileSync(join(GOLDEN, "wide.json"), "utf8")) as Record<"x" | "y", number[]>;

async function run({ bytes, weightsFolder }: EditedModel, output: string) {
  const session = await onnxruntime.create(bytes, { fn: "encoders.load", device: "cpu", weightsFolder });
  const feeds = { x: { type: "float32" as const, data: Float32Array.from(golden.x), dims: [7, 4] } };
  const results = await session.run(feeds, [output]);
  await session.dispose();
  return results[output];
}

describe("hidden layers whose rows lie 4096 bytes apart", () => {
  const model = readModel(path);
  const widened = widen(model);

  it("are those between two products, with nothing but functions of single values and no other reader", () => {
    assert.deepEqual([...widened.constants.values()].map(({ name, zeros }) => `${name} ${zeros}`).sort(), [
      "gated.bias 16",
      "gated.gate 0,16",
      "gated.in 0,16",
      "gated.out 16,0",
      "gelu.bias 16",
      "gelu.in 0,16",
      "gelu.out 16,0",
    ]);
  });

  for (const form of ["file", "buffer"] as const)
    it(`are written wider, and every sum stays what it is: ${form}`, async () => {
      const read = form === "file" ? model : readModel(readFileSync(path));
      const edited = editModel({ ...read, widened: widen(read) }, ["y"], "test");
      const written = readModel(edited.bytes).nodes;
      assert.equal(written.filter(({ op }) => op === "Pad").length, 7);
      const outputs = written.filter(({ op }) => op === "Pad").flatMap((node) => node.outputs);
      assert.ok(outputs.every((name) => written.some(({ op, inputs }) => op !== "Pad" && inputs.includes(name))));
      const y = await run(edited, "y");
      const off = Math.max(...golden.y.map((value, i) => Math.abs(value - Number(y.data[i]))));
      assert.ok(off < 1e-5, `off by ${off}`);
    });

  it("stay as they are where one of them is asked for", async () => {
    const edited = editModel({ ...model, widened }, ["gelu.h"], "test");
    assert.deepEqual((await run(edited, "gelu.h")).dims, [7, 1024]);
  });
});
