import { product } from "../numeric";
import type { SafetensorsDtype, SafetensorsEntry } from "./entry";

/** Elements as they lie in the file: `F16`, `BF16` as raw bits, `BOOL` and floats of 8 bits and less as bytes, `C64` as pairs. */
export type SafetensorsData =
  | Float64Array
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** One tensor, row-major. */
export interface SafetensorsTensor {
  dtype: SafetensorsDtype;
  shape: number[];
  data: SafetensorsData;
}

/** Returns a tensor over its bytes, which begin with their buffer. */
export function tensorOf(
  { dtype, shape }: Pick<SafetensorsEntry, "dtype" | "shape">,
  bytes: Uint8Array,
): SafetensorsTensor {
  return { dtype, shape, data: dataOf(dtype, bytes.buffer as ArrayBuffer) };
}

function dataOf(dtype: SafetensorsDtype, buffer: ArrayBuffer): SafetensorsData {
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer);
    case "F32":
    case "C64":
      return new Float32Array(buffer);
    case "F16":
    case "BF16":
    case "U16":
      return new Uint16Array(buffer);
    case "I64":
      return new BigInt64Array(buffer);
    case "U64":
      return new BigUint64Array(buffer);
    case "I32":
      return new Int32Array(buffer);
    case "U32":
      return new Uint32Array(buffer);
    case "I16":
      return new Int16Array(buffer);
    case "I8":
      return new Int8Array(buffer);
    case "U8":
    case "BOOL":
    case "F8_E4M3":
    case "F8_E5M2":
    case "F8_E4M3FNUZ":
    case "F8_E5M2FNUZ":
    case "F8_E8M0":
    case "F6_E2M3":
    case "F6_E3M2":
    case "F4":
      return new Uint8Array(buffer);
    default:
      return dtype satisfies never;
  }
}

/** Number of the values of all tensors together, by which a reader bounds what it makes of sizes that a file names. */
export function numberOfValues(tensors: ReadonlyMap<string, SafetensorsTensor>): number {
  let sum = 0;
  for (const { shape } of tensors.values()) sum += product(shape);
  return sum;
}
