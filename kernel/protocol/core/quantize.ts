import { base64Decode, base64Encode } from "./base64";
import { dotRow } from "../../numeric";

/** A `[tokens, dims]` matrix in one signed byte a value with one scale a dimension: `value = byte * scale[d]`. */
export interface Int8Matrix {
  dims: number;
  scale: number[];
  /** Base64 of the bytes, row-major. */
  data: string;
}

/** Quantises `[N, dims]`; a scale per dimension keeps weak principal components from rounding to zero. */
export function quantize(values: Float32Array, dims: number): Int8Matrix {
  const scale = dimensionScales(values, dims);
  const bytes = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const unit = scale[i % dims];
    bytes[i] = unit === 0 ? 0 : Math.round(values[i] / unit);
  }
  return { dims, scale, data: base64Encode(new Uint8Array(bytes.buffer)) };
}

function dimensionScales(values: Float32Array, dims: number): number[] {
  const largest = new Array<number>(dims).fill(0);
  for (let i = 0; i < values.length; i++) largest[i % dims] = Math.max(largest[i % dims], Math.abs(values[i]));
  return largest.map((value) => Number((value / 127).toPrecision(6)));
}

/** Reverses {@link quantize} up to half a scale step. */
export function dequantize(matrix: Int8Matrix): Float32Array {
  const bytes = new Int8Array(base64Decode(matrix.data).buffer);
  return Float32Array.from(bytes, (byte, i) => byte * matrix.scale[i % matrix.dims]);
}

/** Features of two images in one space, ready for dot products. */
export interface FeaturePair {
  channels: number;
  features: [Float32Array, Float32Array];
}

/** Features of several images at one layer of an encoder. */
export interface FeatureSet {
  channels: number;
  /** `[patches + prefix, channels]` of each image: the patches in raster order, then class and register tokens. */
  features: readonly Float32Array[];
  /** Class and register tokens of each image. Default 0. */
  prefix?: number;
}

/** `F · q`: the dot product of one row with every row of `features`. Writes into `out` if given. */
export function similarityRow(
  query: Float32Array,
  features: Float32Array,
  out: Float32Array = new Float32Array(features.length / query.length),
): Float32Array {
  dotRow(query, 0, features, query.length, out);
  return out;
}
