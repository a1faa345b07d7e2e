import type { Grid, InputGeometry } from "./geometry";

/** Features of one image on a grid: `tokens` is `[rows · columns, channels]`, row-major, raster order. */
export interface GridFeatures {
  tokens: Float32Array;
  grid: Grid;
  channels: number;
}

/** Features of a batch of images at one layer, as an encoder returns them. */
export type LayerFeatures = LayerForm & (LayerTokens | LayerData);

/** Layer, size and place of the features of a batch. */
export interface LayerForm {
  readonly grid: Grid;
  readonly channels: number;
  /** Index of the layer in the encoder. */
  readonly layer: number;
  /** Position of each image in the encoder's input; without it the grid covers the whole image. */
  readonly geometry?: readonly InputGeometry[];
}

/** Features that are read image by image. */
export interface LayerTokens {
  /** `[rows · columns, channels]` of one image of the batch. */
  tokens(image: number): Float32Array;
}

/** Features of a batch in one array. */
export interface LayerData {
  /** `[B, N, C]`, row-major. */
  readonly data: Float32Array;
}

/** Features of a batch of images on one grid, in plain data. */
export interface PlainFeatureMap {
  /** `[B, rows · columns, channels]`, row-major. */
  readonly data: Float32Array;
  readonly grid: Grid;
  readonly channels: number;
}

/** The tokens of one image of a batch. */
export function tokensOf(features: LayerFeatures, image: number): Float32Array {
  if ("tokens" in features) return features.tokens(image);
  const size = features.grid[0] * features.grid[1] * features.channels;
  return features.data.subarray(image * size, (image + 1) * size);
}
