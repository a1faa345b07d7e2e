import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { onnxruntime } from "../../kernel/backend/onnxruntime";
import { editModel } from "../../kernel/onnx/edit";
import { quantize } from "../../kernel/onnx/quantize";
import { readModel } from "../../kernel/onnx/parse";
import { buildModel } from "../../kernel/onnx/build";

const GOLDEN = join(import.meta.dirname, "golden");
const golden = JSON.parse(readFileSync(join(GOLDEN, "int8.json"), "utf8")) as Record<
  "x" | "exact" | "quantized",
  number[]
>;

/** True where products of uint8 and int8 overflow on this machine: then levels with a sign give other numbers. */
async function overflows(): Promise<boolean> {
  const model = buildModel({
    name: "largest",
    inputs: { a: ["n", "k"], b: ["k", "m"] },
    outputs: { y: ["n", "m"] },
    nodes: [
      { op: "Cast", inputs: ["a"], output: "ua", attributes: { to: 2 } },
      { op: "Cast", inputs: ["b"], output: "ib", attributes: { to: 3 } },
      { op: "MatMulInteger", inputs: ["ua", "ib"], output: "iy" },
      { op: "Cast", inputs: ["iy"], output: "y", attributes: { to: 1 } },
    ],
  });
  const session = await onnxruntime.create(model, { fn: "encoders.load", device: "cpu" });
  const feed = (value: number) => ({
    type: "float32" as const,
    data: new Float32Array(1024).fill(value),
    dims: [32, 32],
  });
  const { y } = await session.run({ a: feed(255), b: feed(127) }, ["y"]);
  await session.dispose();
  return Number(y.data[0]) !== 255 * 127 * 32;
}

for (const [form, levels] of [
  ["file", "int8"],
  ["buffer", "int8"],
  ["file", "uint8"],
  ["buffer", "uint8"],
] as const)
  it(`${levels} products of a model from a ${form} equal those of onnxruntime's quantize_dynamic`, async () => {
    const path = join(GOLDEN, "int8.onnx");
    const model = readModel(form === "file" ? path : readFileSync(path));
    const quantized = quantize(model, "test", levels);
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
    const session = await onnxruntime.create(bytes, { fn: "encoders.load", device: "cpu", weightsFolder });
    const feeds = { x: { type: "float32" as const, data: Float32Array.from(golden.x), dims: [5, 12] } };
    const { y } = await session.run(feeds, ["y"]);
    await session.dispose();
    const off = (other: number[]) => Math.max(...other.map((value, i) => Math.abs(value - Number(y.data[i]))));
    // The golden was made where nothing overflows; here the other form is the exact one.
    if (levels === "int8" && (await overflows())) assert.ok(off(golden.quantized) > 1e-2, "exact after all");
    else assert.ok(off(golden.quantized) < 1e-4, `off by ${off(golden.quantized)}`);
    assert.ok(off(golden.exact) > 1e-2, "not computed in integers");
  });

it("a model whose products are integers already has nothing to quantise", () => {
  const model = readModel(readFileSync(join(GOLDEN, "int8.onnx")));
  const { bytes } = editModel({ ...model, quantized: quantize(model, "test") }, ["y"], "test");
  assert.equal(quantize(readModel(bytes), "test").size, 0);
});
