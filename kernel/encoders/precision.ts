import type { DeviceRequest } from "../backend";
import type { Analysis } from "../onnx/inspect";
import { type LevelForm, quantize } from "../onnx/quantize";
import { onnxruntime } from "../backend/onnxruntime";
import { buildModel } from "../onnx/build";
import { EncoderError } from "./errors";

/** Types of ONNX. */
const [FLOAT, UINT8, INT8] = [1, 2, 3];

/**
 * Number format of an encoder's computation. `fp32`: the graph unchanged. `int8`: products with constant float32
 * weights in integers; weights have a scale per column, activations a scale per image and product; the rest is
 * unchanged.
 */
export type Precision = "fp32" | "int8";

/**
 * Checks a precision.
 *
 * @throws EncoderError for an unknown precision, or a device without fast integer products
 */
export function checkPrecision(fn: string, precision: Precision, device: DeviceRequest | undefined): void {
  if (precision !== "fp32" && precision !== "int8")
    throw new EncoderError(fn, "precision must be fp32 or int8", precision);
  if (precision === "int8" && device !== undefined && device !== "cpu" && device !== "auto")
    throw new EncoderError(fn, "precision int8 is for the device cpu", device);
}

let form: Promise<LevelForm> | undefined;

/** The form of weights in which products of integers are exact here; asked of the runtime once a process. */
function exactForm(): Promise<LevelForm> {
  form ??= probeForm();
  form.catch(() => (form = undefined));
  return form;
}

/** Multiplies the largest levels of uint8 and int8: pairs of these products do not fit in 16 bits. */
async function probeForm(): Promise<LevelForm> {
  const bytes = buildModel({
    name: "largest-levels",
    inputs: { a: ["rows", "depth"], b: ["depth", "columns"] },
    outputs: { y: ["rows", "columns"] },
    nodes: [
      { op: "Cast", inputs: ["a"], output: "unsigned", attributes: { to: UINT8 } },
      { op: "Cast", inputs: ["b"], output: "signed", attributes: { to: INT8 } },
      { op: "MatMulInteger", inputs: ["unsigned", "signed"], output: "whole" },
      { op: "Cast", inputs: ["whole"], output: "y", attributes: { to: FLOAT } },
    ],
  });
  const side = 16;
  const square = (value: number) => ({
    type: "float32" as const,
    data: new Float32Array(side * side).fill(value),
    dims: [side, side],
  });
  const session = await onnxruntime.create(bytes, { fn: "encoders.load", device: "cpu" });
  try {
    const { y } = await session.run({ a: square(255), b: square(127) }, ["y"]);
    return (y.data as Float32Array).every((value) => value === 255 * 127 * side) ? "int8" : "uint8";
  } finally {
    await session.dispose();
  }
}

/** Returns the same model with int8 weights. */
export async function quantizeModel(fn: string, analysis: Analysis): Promise<Analysis> {
  const { model, image } = analysis;
  const batch = image.dims?.[0];
  if (typeof batch === "number" && batch > 1)
    throw new EncoderError(fn, "precision int8 needs a graph that takes single images, its batch is fixed to", batch);
  const quantized = quantize(model, fn, await exactForm());
  if (quantized.size > 0) return { ...analysis, model: { ...model, quantized } };
  const rule = "precision int8 needs MatMul or Gemm with constant float32 weights (opset 11 or later), of which it has";
  throw new EncoderError(fn, rule, 0);
}
