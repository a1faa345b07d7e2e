import type { Grid } from "../../contracts/geometry";
import { unplace, type InputGeometry } from "../../contracts/geometry";
import type { ImageInput, RawImage } from "../../data/image";
import type { AttentionShape } from "../../protocol/attention/arithmetic";
import { tokensOfShape } from "../../protocol/attention/arithmetic";
import { ViewError } from "../../protocol/core/error";
import type { Box } from "../../protocol/core/geometry";
import { isWhole } from "../../rules/rule-error";

/** Attention of one block as `encoder.attention` returns it: `[B, heads, N, N]`, prefix tokens first. */
export interface AttentionMapLike {
  readonly data: Float32Array;
  readonly dims: readonly [batch: number, heads: number, tokens: number, tokens: number];
  readonly prefixTokens: number;
  readonly grid: Grid;
  /** Index of the block. */
  readonly layer: number;
  readonly encoder?: string;
  readonly device?: string;
  /** Position of each image in the encoder's input; without it the grid covers the whole image. */
  readonly geometry?: readonly InputGeometry[];
}

/** Part of an encoder that the view uses. Vision transformers that `encoders.load` returns have it. */
export interface AttentionEncoder {
  readonly name: string;
  readonly device: string;
  /** The call that loads it again, for the code of a view. */
  readonly source?: { readonly model: string; readonly options: object };
  /** Depth and, by block, the name of the tensor that holds its attention; null where it is hidden. */
  readonly info?: { readonly depth: number; readonly blocks: readonly { readonly attention: string | null }[] };
  attention(images: readonly ImageInput[], options: { indices?: number[] }): Promise<readonly AttentionMapLike[]>;
}

/** One layer of one picture: `[heads, tokens, tokens]`. */
export interface LayerAttention {
  layer: number;
  shape: AttentionShape;
  data: Float32Array;
  region: Box;
}

/** Origin of the attention: computed maps, or an encoder that is asked layer by layer. */
export interface AttentionSource {
  name: string;
  device: string;
  encoder?: AttentionEncoder;
  /** Indices of the blocks, as the encoder counts them. */
  layers: readonly number[];
  /** Attention of one picture at some of the layers. */
  read(picture: number, layers: readonly number[]): Promise<LayerAttention[]>;
}

/** Reads maps that were computed before. @throws ViewError where they do not hold every picture */
export function mapSource(
  where: string,
  maps: readonly AttentionMapLike[],
  images: readonly RawImage[],
): AttentionSource {
  const found = new Map(maps.map((map) => [map.layer, map]));
  if (found.size !== maps.length)
    throw new ViewError(
      where,
      "each map must be of another layer",
      maps.map(({ layer }) => layer),
    );
  return {
    name: maps[0].encoder ?? "",
    device: maps[0].device ?? "",
    layers: maps.map(({ layer }) => layer),
    read: async (picture, layers) =>
      layers.map((layer) => itemOf(where, found.get(layer) as AttentionMapLike, picture, images[picture])),
  };
}

/** Asks an encoder. Negative indices count from the end. @throws ViewError where it hides the attention of all blocks */
export function encoderSource(
  where: string,
  encoder: AttentionEncoder,
  inputs: readonly ImageInput[],
  images: readonly RawImage[],
  indices: readonly number[] | undefined,
): AttentionSource {
  const layers = chosenLayers(where, encoder, indices);
  return {
    name: encoder.name,
    device: String(encoder.device),
    encoder,
    layers,
    read: async (picture, wanted) => {
      const maps = await encoder.attention([inputs[picture]], { indices: [...wanted] });
      return maps.map((map) => itemOf(where, map, 0, images[picture]));
    },
  };
}

function chosenLayers(
  where: string,
  { info, name }: AttentionEncoder,
  indices: readonly number[] | undefined,
): number[] {
  const shown = info?.blocks.flatMap(({ attention }, layer) => (attention === null ? [] : [layer]));
  if (shown?.length === 0) throw new ViewError(where, "the encoder must show the attention of a block", name);
  if (!indices && !shown)
    throw new ViewError(where, "indices must name layers of an encoder that does not tell its depth", name);
  const depth = info?.depth ?? Infinity;
  const layers = indices?.map((layer) => (layer < 0 && Number.isFinite(depth) ? depth + layer : layer)) ?? shown ?? [];
  const legal = layers.every((layer) => isWhole(layer, 0) && layer < depth);
  if (legal && layers.length > 0 && new Set(layers).size === layers.length) return layers;
  throw new ViewError(
    where,
    `indices must be different layers${Number.isFinite(depth) ? ` below ${depth}` : ""}`,
    indices,
  );
}

/** One image of a map, checked. */
function itemOf(where: string, map: AttentionMapLike, item: number, image: RawImage): LayerAttention {
  const { dims, prefixTokens: prefix, grid, layer } = map;
  const [batch, heads, tokens] = dims;
  const shape: AttentionShape = { heads, prefix, grid: [grid[0], grid[1]] };
  const isWholeLayer =
    tokensOfShape(shape) === tokens && dims[3] === tokens && map.data.length === batch * heads * tokens ** 2;
  if (!isWholeLayer)
    throw new ViewError(where, `layer ${layer} must be [B, heads, ${tokensOfShape(shape)}, ${tokensOfShape(shape)}]`, [
      ...dims,
    ]);
  if (item >= batch) throw new ViewError(where, `layer ${layer} must hold every picture`, batch);
  const size = heads * tokens * tokens;
  return {
    layer,
    shape,
    data: map.data.subarray(item * size, (item + 1) * size),
    region: regionOf(map.geometry?.[item], image),
  };
}

function regionOf(geometry: InputGeometry | undefined, { width, height }: RawImage): Box {
  if (!geometry) return [0, 0, width, height];
  return [...unplace([0, 0], geometry), ...unplace(geometry.modelSize, geometry)];
}
