import type { DeviceRequest } from "../backend";
import type { Analysis } from "../onnx/inspect";
import { quantize } from "../onnx/quantize";
import { EncoderError } from "./errors";

/**
 * How an encoder computes. `fp32`: as its graph is written. `int8`: products with constant float32 weights in integers, weights with a
 * scale a column, activations with a scale an image and product; all else as it is written.
 */
export type Precision = "fp32" | "int8";

/** Throws `EncoderError` for another precision, or a device that has no fast integer products. */
export function checkPrecision(fn: string, precision: Precision, device: DeviceRequest | undefined): void {
  if (precision !== "fp32" && precision !== "int8")
    throw new EncoderError(fn, "precision must be fp32 or int8", precision);
  if (precision === "int8" && device !== undefined && device !== "cpu" && device !== "auto")
    throw new EncoderError(fn, "precision int8 is for the device cpu", device);
}

/** The same model with int8 weights. */
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
