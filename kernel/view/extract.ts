import { type Facet, type GridFeatures, type LayerFeatures, prefixOf, tokensOf } from "../contracts/features";
import { unplace } from "../contracts/geometry";
import type { ImageInput, RawImage } from "../data/image";
import { ViewError } from "../protocol/core/error";
import type { Box, Grid, GridPlacement } from "../protocol/core/geometry";
import { unitRows } from "../numeric";

/** Options that views hand to `forwardIntermediates`. */
export interface ExtractorOptions {
  /** Layers by index; negative counts from the end. Default: all layers. */
  indices?: number[];
  /** Layout of the features, `[B, N, C]`. Default: that of the encoder. */
  outputFmt?: "NLC";
  /** Part of the block. Default `token`. */
  facet?: Facet;
  /** Return class and register tokens apart. Default false. */
  returnPrefixTokens?: boolean;
}

/** The part of an encoder that the views use. Everything that `encoders.load` returns has it. */
export interface FeatureExtractor {
  readonly name: string;
  readonly device: string;
  /** The call that loads it again, for the code of a view. */
  readonly source?: { readonly model: string; readonly options: object };
  forwardIntermediates(
    images: ImageInput[],
    options?: ExtractorOptions,
  ): Promise<{ intermediates: readonly LayerFeatures[] }>;
}

/** One layer's features of one image, with rows of unit length, and where their grid lies on it. */
export interface PlacedFeatures extends GridFeatures, GridPlacement {
  layer: number;
  /** Class and register tokens, `[P, channels]`, with rows of unit length; empty where the encoder gives none. */
  prefix: Float32Array;
}

/** Unit-length patch features of one image at each layer. `layers` undefined: all that the encoder has. */
export async function extractFeatures(
  where: string,
  encoder: FeatureExtractor,
  input: ImageInput,
  image: RawImage,
  layers: readonly number[] | undefined,
  more: Pick<ExtractorOptions, "facet" | "returnPrefixTokens"> = {},
): Promise<PlacedFeatures[]> {
  const options: ExtractorOptions = { outputFmt: "NLC", ...more, ...(layers && { indices: [...layers] }) };
  const { intermediates } = await encoder.forwardIntermediates([input], options);
  if (!intermediates.length) throw new ViewError(where, `${encoder.name} must return at least one layer`, layers);
  return intermediates.map((map) => imageFeatures(where, map, image));
}

/** Size of an image in pixels. */
export type ImageSize = Pick<RawImage, "width" | "height">;

/** Checks a feature map of one image and normalises its rows. */
export function imageFeatures(where: string, map: LayerFeatures, image: ImageSize, item = 0): PlacedFeatures {
  const grid: Grid = [map.grid[0], map.grid[1]];
  const size = grid[0] * grid[1] * map.channels;
  const tokens = tokensOf(map, item);
  if (tokens.length !== size || size === 0)
    throw new ViewError(
      where,
      `layer ${map.layer} must hold ${grid.join(" x ")} x ${map.channels} values`,
      tokens.length,
    );
  return {
    layer: map.layer,
    channels: map.channels,
    grid,
    region: regionOf(map, image, item),
    tokens: unitRows(tokens, map.channels),
    prefix: unitRows(prefixOf(map, item), map.channels),
  };
}

function regionOf({ geometry }: LayerFeatures, image: ImageSize, item: number): Box {
  if (!geometry) return [0, 0, image.width, image.height];
  const { modelSize } = geometry[item];
  return [...unplace([0, 0], geometry[item]), ...unplace(modelSize, geometry[item])];
}
