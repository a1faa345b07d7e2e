import { floatToHalf } from "../../numeric";
import { toFloat32 } from "../../nn/module/floats";
import { floatToBfloat16 } from "../../safetensors/safetensors";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import type { SafetensorsDtype } from "../../safetensors/entry";

/** Types of written adapters. */
export type FloatDtype = "F32" | "F16" | "BF16";

export const FLOAT_DTYPES: readonly FloatDtype[] = ["F32", "F16", "BF16"];

/** Tests for a type in which adapters are written. */
export function isFloatDtype(dtype: string): dtype is FloatDtype {
  return (FLOAT_DTYPES as readonly string[]).includes(dtype);
}

/** Tests for a stored type of floating numbers of any width. */
export function isFloating(dtype: SafetensorsDtype): boolean {
  return /^(F|BF)\d/.test(dtype);
}

/** Converts a floating tensor to another type, rounding to nearest even. */
export function convertTensor(tensor: SafetensorsTensor, dtype: FloatDtype): SafetensorsTensor {
  return tensor.dtype === dtype
    ? tensor
    : { dtype, shape: tensor.shape, data: encode(toFloat32("lora.convert", tensor), dtype) };
}

function encode(values: Float32Array, dtype: FloatDtype): Float32Array | Uint16Array {
  switch (dtype) {
    case "F32":
      return values;
    case "F16":
      return floatToHalf(values);
    case "BF16":
      return floatToBfloat16(values);
    default:
      return dtype satisfies never;
  }
}

/** Converts every floating tensor to another type; others stay. */
export function convertTensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  dtype: FloatDtype,
): Map<string, SafetensorsTensor> {
  return new Map(
    [...tensors].map(([key, tensor]) => [key, isFloating(tensor.dtype) ? convertTensor(tensor, dtype) : tensor]),
  );
}
