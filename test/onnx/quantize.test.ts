import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { onnxruntime } from "../../kernel/backend/onnxruntime";
import { editModel } from "../../kernel/onnx/edit";
import { quantize } from "../../kernel/onnx/quantize";
import { readModel } from "../../kernel/onnx/parse";

const GOLDEN = join(import.meta.dirname, "golden");
const golden = JSON.parse(readFileSync(join(GOLDEN, "int8.json"), "utf8")) as Record<
  "x" | "exact" | "quantized",
  number[]
>;

for (const form of ["file", "buffer"] as const)
  it(`int8 products of a model from a ${form} equal those of onnxruntime's quantize_dynamic`, async () => {
    const path = join(GOLDEN, "int8.onnx");
    const model = readModel(form === "file" ? path : readFileSync(path));
    const quantized = quantize(model, "test");
    assert.deepEqual(
      [...quantized].map(([{ op }, { dims, name }]) => [op, name, ...dims]),
      [
        ["MatMul", "left", 12, 7],
        ["MatMul", "right", 12, 7],
        ["Gemm", "turned/transposed", 7, 4],
        ["Gemm", "last", 4, 3],
      ],
    );
    const { bytes, weightsFolder } = editModel({ ...model, quantized }, ["y"], "test");
    const session = await onnxruntime.create(bytes, { device: "cpu", weightsFolder });
    const feeds = { x: { type: "float32" as const, data: Float32Array.from(golden.x), dims: [5, 12] } };
    const { y } = await session.run(feeds, ["y"]);
    await session.dispose();
    const off = (other: number[]) => Math.max(...other.map((value, i) => Math.abs(value - Number(y.data[i]))));
    assert.ok(off(golden.quantized) < 1e-4, `off by ${off(golden.quantized)}`);
    assert.ok(off(golden.exact) > 1e-2, "not computed in integers");
  });

it("a model whose products are integers already has nothing to quantise", () => {
  const model = readModel(readFileSync(join(GOLDEN, "int8.onnx")));
  const { bytes } = editModel({ ...model, quantized: quantize(model, "test") }, ["y"], "test");
  assert.equal(quantize(readModel(bytes), "test").size, 0);
});
