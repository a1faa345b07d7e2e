import type { DeviceRequest } from "../backend";
import { type Analysis, quantize } from "../onnx";
import { EncoderError } from "./errors";

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

/** Returns the same model with int8 weights. */
export function quantizeModel(fn: string, analysis: Analysis): Analysis {
  const { model, image } = analysis;
  const batch = image.dims?.[0];
  if (typeof batch === "number" && batch > 1)
    throw new EncoderError(fn, "precision int8 needs a graph that takes single images, its batch is fixed to", batch);
  const quantized = quantize(model, fn);
  if (quantized.size > 0) return { ...analysis, model: { ...model, quantized } };
  const rule = "precision int8 needs MatMul or Gemm with constant float32 weights (opset 11 or later), of which it has";
  throw new EncoderError(fn, rule, 0);
}
