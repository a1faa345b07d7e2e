import type { ImageInput, RawImage } from "../data/image";
import { ViewError } from "../protocol/core/error";
import type { Box, Grid, GridPlacement } from "../protocol/core/geometry";
import { unitRows } from "../protocol/core/rows";

/** Features of images on a patch grid, as an encoder returns them: `[B, N, C]`, row-major. */
export interface FeatureMapLike {
  readonly data: Float32Array;
  readonly dims: readonly number[];
  readonly grid: readonly [rows: number, columns: number];
  readonly channels: number;
  /** Index of the layer in the encoder. */
  readonly layer: number;
  /** Where the grid lies on each image of the batch; without it the grid covers the whole image. */
  readonly geometry?: GeometryLike | readonly GeometryLike[];
  /** `[N, C]` of one image of the batch, whatever the layout of `data`. Without it `data` must be `[B, N, C]`. */
  tokens?(index: number): Float32Array;
}

/** Maps points of the model's input to the original image: resize, crop and padding undone. */
export interface GeometryLike {
  /** Width and height of the model's input in pixels. */
  readonly modelSize: readonly [width: number, height: number];
  toImage(point: readonly [x: number, y: number]): readonly [x: number, y: number];
}

export interface ForwardOptions {
  indices?: number[];
  outputFmt?: "NLC";
}

/** What the views need of an encoder. Everything that `encoders.load` returns has it. */
export interface FeatureExtractor {
  readonly name: string;
  readonly device: string;
  /** The call that loads it again, for the code of a view. */
  readonly source?: { readonly model: string; readonly options: object };
  forwardIntermediates(
    images: ImageInput[],
    options?: ForwardOptions,
  ): Promise<{ intermediates: readonly FeatureMapLike[] }>;
}

/** One layer's features of one image: unit rows `[N, C]`. */
export interface ImageFeatures extends GridPlacement {
  layer: number;
  channels: number;
  features: Float32Array;
}

/** Unit-length patch features of one image at each layer. `layers` undefined: all that the encoder has. */
export async function extractFeatures(
  where: string,
  encoder: FeatureExtractor,
  input: ImageInput,
  image: RawImage,
  layers: readonly number[] | undefined,
): Promise<ImageFeatures[]> {
  const options: ForwardOptions = { outputFmt: "NLC", ...(layers && { indices: [...layers] }) };
  const { intermediates } = await encoder.forwardIntermediates([input], options);
  if (!intermediates.length) throw new ViewError(where, `${encoder.name} must return at least one layer`, layers);
  return intermediates.map((map) => imageFeatures(where, map, image));
}

/** Checks a feature map of one image and normalises its rows. */
export function imageFeatures(where: string, map: FeatureMapLike, image: RawImage, item = 0): ImageFeatures {
  const grid: Grid = [map.grid[0], map.grid[1]];
  const size = grid[0] * grid[1] * map.channels;
  const features = map.tokens?.(item) ?? map.data.subarray(item * size, (item + 1) * size);
  if (features.length !== size || size === 0)
    throw new ViewError(
      where,
      `layer ${map.layer} must hold ${grid.join(" x ")} x ${map.channels} values`,
      map.data.length,
    );
  return {
    layer: map.layer,
    channels: map.channels,
    grid,
    region: regionOf(map, image, item),
    features: unitRows(features, map.channels),
  };
}

function regionOf(map: FeatureMapLike, image: RawImage, item: number): Box {
  const geometry = isMany(map.geometry) ? map.geometry[item] : map.geometry;
  if (!geometry) return [0, 0, image.width, image.height];
  const [left, top] = geometry.toImage([0, 0]);
  const [right, bottom] = geometry.toImage(geometry.modelSize);
  return [left, top, right, bottom];
}

function isMany(value: FeatureMapLike["geometry"]): value is readonly GeometryLike[] {
  return Array.isArray(value);
}
