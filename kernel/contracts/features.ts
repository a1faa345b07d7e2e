import type { Grid, InputGeometry } from "./geometry";

/** Parts of a block: its output, or an input of its attention. */
export const FACETS = ["token", "query", "key", "value"] as const;
/** Part of a block: `token`, its output, or `query`, `key` or `value`, inputs of its attention. */
export type Facet = (typeof FACETS)[number];

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
  /** Class and register tokens, `[B, P, C]`, where they were asked for. */
  readonly prefixTokens?: { readonly data: Float32Array; readonly dims: readonly [number, number, number] };
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

/** Class and register tokens of one image of a batch, `[P, C]`; empty where there are none. */
export function prefixOf({ prefixTokens }: LayerForm, image: number): Float32Array {
  if (!prefixTokens) return new Float32Array(0);
  const [, tokens, channels] = prefixTokens.dims;
  return prefixTokens.data.subarray(image * tokens * channels, (image + 1) * tokens * channels);
}

/** The tokens of one image of a batch. */
export function tokensOf(features: LayerFeatures, image: number): Float32Array {
  if ("tokens" in features) return features.tokens(image);
  const size = features.grid[0] * features.grid[1] * features.channels;
  return features.data.subarray(image * size, (image + 1) * size);
}
