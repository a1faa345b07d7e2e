/** Values of a base's weights: in double precision where they are stored so, otherwise in single. */
import { toFloat32 } from "../../nn/module/floats";
import type { SafetensorsDtype, SafetensorsTensor } from "../../safetensors";
import { convertTensor, isFloatDtype } from "./dtypes";

export type Values = Float32Array | Float64Array;

const FLOAT8 = ["F8_E4M3", "F8_E5M2"] as const;
type Float8 = (typeof FLOAT8)[number];

/** Types of weights into which adapters can be merged. */
export const BASE_DTYPES = "F64, F32, F16, BF16, F8_E4M3 or F8_E5M2";

const MERGE = "lora.mergeFile";
const isFloat8 = (dtype: string): dtype is Float8 => (FLOAT8 as readonly string[]).includes(dtype);

export function isBaseDtype(dtype: string): boolean {
  return dtype === "F64" || isFloatDtype(dtype) || isFloat8(dtype);
}

export function valuesOf(tensor: SafetensorsTensor): Values {
  return tensor.dtype === "F64" ? (tensor.data as Float64Array) : toFloat32(MERGE, tensor);
}

/** Values in a base's type, rounded to nearest even; values too large for it become NaN or infinite. */
export function encodeValues(values: Values, dtype: SafetensorsDtype): SafetensorsTensor {
  const shape = [values.length];
  if (dtype === "F64") return { dtype, shape, data: Float64Array.from(values) };
  if (isFloat8(dtype)) return { dtype, shape, data: Uint8Array.from(values, encoderOf(dtype)) };
  if (!isFloatDtype(dtype)) throw new RangeError(`no base has the type ${dtype}`);
  return convertTensor({ dtype: "F32", shape, data: Float32Array.from(values) }, dtype);
}

const NAN = 0x7f;

/** The bits of the nearest value: codes without their sign grow with what they stand for. */
function encoderOf(dtype: Float8): (value: number) => number {
  const all = toFloat32(MERGE, { dtype, shape: [NAN], data: Uint8Array.from({ length: NAN }, (_, code) => code) });
  const finite = all.filter((value) => Number.isFinite(value));
  return (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x80 : 0;
    return sign | nearest(finite, Math.abs(value));
  };
}

function nearest(sorted: Float32Array, value: number): number {
  const last = sorted.length - 1;
  // Half a step past the largest is out of reach.
  if (!(value < sorted[last] + (sorted[last] - sorted[last - 1]) / 2)) return NAN;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  const [below, above] = [value - sorted[low], sorted[high] - value];
  if (below === above) return low % 2 === 0 ? low : high;
  return below < above ? low : high;
}
