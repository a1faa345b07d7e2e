import { NnError } from "../error";
import { halfToFloat } from "../../numeric";
import { bfloat16ToFloat } from "../../safetensors/safetensors";
import type { SafetensorsTensor } from "../../safetensors/tensor";

/**
 * Returns the values of a stored floating tensor in single precision.
 *
 * @throws NnError for a type that is not floating
 */
export function toFloat32(fn: string, { dtype, data }: SafetensorsTensor): Float32Array {
  switch (dtype) {
    case "F32":
      return data as Float32Array;
    case "F64":
      return Float32Array.from(data as Float64Array);
    case "F16":
      return halfToFloat(data as Uint16Array);
    case "BF16":
      return bfloat16ToFloat(data as Uint16Array);
    case "F8_E4M3":
      return Float32Array.from(data as Uint8Array, float8(4, 3));
    case "F8_E5M2":
      return Float32Array.from(data as Uint8Array, float8(5, 2));
    case "F8_E4M3FNUZ":
      return Float32Array.from(data as Uint8Array, float8Fnuz(4, 3));
    case "F8_E5M2FNUZ":
      return Float32Array.from(data as Uint8Array, float8Fnuz(5, 2));
    case "F8_E8M0":
      return Float32Array.from(data as Uint8Array, (bits) => (bits === 0xff ? NaN : 2 ** (bits - 127)));
    default:
      throw new NnError(fn, "the type must be a floating one", dtype);
  }
}

/**
 * Decodes 8-bit floats (Micikevicius et al., arXiv 2209.05433). E5M2 has IEEE's infinities and NaNs; E4M3 has no
 * infinity and one NaN, all ones.
 */
const float8 =
  (exponentBits: number, fractionBits: number) =>
  (bits: number): number => {
    const sign = bits & 0x80 ? -1 : 1;
    const exponent = (bits & 0x7f) >>> fractionBits;
    const fraction = (bits & ((1 << fractionBits) - 1)) / (1 << fractionBits);
    const bias = (1 << (exponentBits - 1)) - 1;
    const top = exponent === (1 << exponentBits) - 1;
    if (top && exponentBits === 5) return fraction ? NaN : sign * Infinity;
    if (top && (bits & 0x7f) === 0x7f) return NaN;
    return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
  };

/**
 * Decodes the variants without infinities and negative zero (Noune et al., arXiv 2206.02915): the bits of -0 are the
 * one NaN.
 */
const float8Fnuz =
  (exponentBits: number, fractionBits: number) =>
  (bits: number): number => {
    if (bits === 0x80) return NaN;
    const sign = bits & 0x80 ? -1 : 1;
    const exponent = (bits & 0x7f) >>> fractionBits;
    const fraction = (bits & ((1 << fractionBits) - 1)) / (1 << fractionBits);
    const bias = 1 << (exponentBits - 1);
    return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
  };
