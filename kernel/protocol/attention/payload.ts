import { most } from "../../numeric";
import {
  base64,
  checkBelow,
  index,
  list,
  number,
  object,
  oneOf,
  optional,
  ProtocolError,
  type Reader,
  text,
} from "../core/check";
import { base64Decode, base64Encode } from "../core/base64";
import { COLOR_MAPS, type ColorMapName } from "../core/color";
import type { Grid, GridPlacement } from "../core/geometry";
import { MAX_SAVED_BYTES, gridPlacement, savedImage, savedLoad, type SavedImage, type SavedLoad } from "../core/saved";
import type { Translate } from "../core/words";
import { meanQuery, tokensOfShape, type AttentionShape, type HeadNumbers } from "./arithmetic";

/** Mime type of the payload that an attention view stores in the notebook. Version 1. */
export const ATTENTION_MIME = "application/vnd.fovea.attention.v1+json";

/** Upper end of the colors: one for all heads of a query, each head's own, or 1. */
export type AttentionScale = "heads" | "head" | "absolute";
export const ATTENTION_SCALES: readonly AttentionScale[] = ["heads", "head", "absolute"];

/** A picture with the place of the patches on it. */
export interface AttentionPicture {
  image: SavedImage;
  region: GridPlacement["region"];
}

/** A block of the encoder. */
export interface AttentionLayer {
  /** Index of the block in the encoder. */
  layer: number;
  heads: number;
}

/** Rows that answer without a kernel: those of some queries at one layer of one picture, in 255 shades of each row's largest value. */
export interface SavedRows {
  picture: number;
  /** Position in the payload's `layers`. */
  layer: number;
  queries: number[];
  /** Largest value of each row, `[queries, heads]`. */
  largest: number[];
  /** Base64 of a byte a value, `[queries, heads, tokens]`. */
  data: string;
}

export interface AttentionPayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  title: string;
  encoder: string;
  load?: SavedLoad;
  device: string;
  pictures: AttentionPicture[];
  prefix: number;
  grid: Grid;
  layers: AttentionLayer[];
  /** Numbers of every head, by picture, then by layer. */
  numbers: HeadNumbers[][][];
  saved: SavedRows[];
  picture: number;
  /** Position in `layers` of the one shown first. */
  layer: number;
  head: number;
  query: number;
  scale: AttentionScale;
  colormap: ColorMapName;
  opacity: number;
}

/** Bounds of a payload. */
export const MAX_PICTURES = 16;
const MAX_LAYERS = 200;
const MAX_HEADS = 128;
const MAX_PREFIX = 64;
const MAX_TOKENS = 1 << 16;

const share = number({ min: 0, max: 1.5 });
const bytes = base64(MAX_SAVED_BYTES);

const payload = object<AttentionPayload>({
  version: oneOf<1>([1]),
  view: text(100),
  title: text(300),
  encoder: text(200),
  load: optional(savedLoad),
  device: text(100),
  pictures: list(
    object<AttentionPicture>({
      image: savedImage,
      region: list(number({ min: -1e6, max: 1e6 }), 4, 4) as Reader<readonly number[]> as Reader<
        GridPlacement["region"]
      >,
    }),
    1,
    MAX_PICTURES,
  ),
  prefix: number({ min: 0, max: MAX_PREFIX, integer: true }),
  grid: (value, path, where) => gridPlacement({ grid: value, region: [0, 0, 1, 1] }, path, where).grid,
  layers: list(
    object<AttentionLayer>({ layer: index, heads: number({ min: 1, max: MAX_HEADS, integer: true }) }),
    1,
    MAX_LAYERS,
  ),
  numbers: list(
    list(list(object<HeadNumbers>({ entropy: share, distance: share }), 1, MAX_HEADS), 1, MAX_LAYERS),
    1,
    MAX_PICTURES,
  ),
  saved: list(
    object<SavedRows>({
      picture: index,
      layer: index,
      queries: list(index, 1, MAX_TOKENS),
      largest: list(number({ min: 0, max: 2 }), 1, MAX_TOKENS),
      data: bytes,
    }),
    0,
    MAX_PICTURES * MAX_LAYERS,
  ),
  picture: index,
  layer: index,
  head: index,
  query: index,
  scale: oneOf(ATTENTION_SCALES),
  colormap: oneOf(COLOR_MAPS),
  opacity: number({ min: 0, max: 1 }),
});

export function shapeOf({ prefix, grid, layers }: AttentionPayload, layer: number): AttentionShape {
  return { heads: layers[layer].heads, prefix, grid };
}

/** Number of queries: every token, and the mean over the patches. */
export function queriesOf({ prefix, grid }: Pick<AttentionPayload, "prefix" | "grid">): number {
  return meanQuery({ heads: 1, prefix, grid }) + 1;
}

/** @throws ProtocolError naming the first path that breaks the format. */
export function readAttention(value: unknown, where = "attention view"): AttentionPayload {
  const read = payload(value, "", where);
  const below = (at: number, limit: number, path: string): void => checkBelow(where, path, at, limit);
  const sized = (values: { length: number }, length: number, path: string): void => {
    if (values.length !== length) throw new ProtocolError(where, path, `of length ${length}`, values.length);
  };
  below(read.picture, read.pictures.length, "picture");
  below(read.layer, read.layers.length, "layer");
  below(read.head, read.layers[read.layer].heads, "head");
  below(read.query, queriesOf(read), "query");
  sized(read.numbers, read.pictures.length, "numbers");
  read.numbers.forEach((layers, p) => {
    sized(layers, read.layers.length, `numbers[${p}]`);
    layers.forEach((heads, l) => sized(heads, read.layers[l].heads, `numbers[${p}][${l}]`));
  });
  read.saved.forEach((rows, i) => {
    below(rows.picture, read.pictures.length, `saved[${i}].picture`);
    below(rows.layer, read.layers.length, `saved[${i}].layer`);
    rows.queries.forEach((query) => below(query, queriesOf(read), `saved[${i}].queries`));
    const shape = shapeOf(read, rows.layer);
    sized(rows.largest, rows.queries.length * shape.heads, `saved[${i}].largest`);
    sized(base64Decode(rows.data), rows.largest.length * tokensOfShape(shape), `saved[${i}].data`);
  });
  return read;
}

/** Writes rows `[queries, heads, tokens]` in one byte a value. */
export function saveRows(rows: Float32Array, tokens: number): Pick<SavedRows, "largest" | "data"> {
  const bytes = new Uint8Array(rows.length);
  const largest = Array.from({ length: rows.length / tokens }, (_, r) => {
    const row = rows.subarray(r * tokens, (r + 1) * tokens);
    const top = Number(Math.max(0, most(row)).toPrecision(4));
    row.forEach((value, i) => (bytes[r * tokens + i] = top > 0 ? Math.min(255, Math.round((value / top) * 255)) : 0));
    return top;
  });
  return { largest, data: base64Encode(bytes) };
}

/** Reads saved rows back, each by its query: `[heads, tokens]`. */
export function savedRowsOf(
  { queries, largest, data }: SavedRows,
  { heads }: AttentionShape,
): Map<number, Float32Array> {
  const bytes = base64Decode(data);
  const size = bytes.length / queries.length;
  const tokens = size / heads;
  return new Map(
    queries.map((query, q) => {
      const row = (i: number): number => largest[q * heads + Math.floor(i / tokens)];
      return [query, Float32Array.from({ length: size }, (_, i) => (bytes[q * size + i] / 255) * row(i))];
    }),
  );
}

/** Upper ends of the colors of every head's map over the patches, `[heads]`; the lower end is 0. */
export function attentionEnds(rows: Float32Array, shape: AttentionShape, scale: AttentionScale): number[] {
  const tokens = tokensOfShape(shape);
  const largest = Array.from({ length: shape.heads }, (_, head) =>
    Math.max(0, most(rows.subarray(head * tokens + shape.prefix, (head + 1) * tokens))),
  );
  const common = Math.max(0, most(largest));
  return largest.map((own) => (scale === "absolute" ? 1 : (scale === "head" ? own : common) || 1));
}

/** A query in words: a patch by row and column, a token before the patches, or the mean over all patches. */
export function queryText(trans: Translate, shape: AttentionShape, query: number): string {
  if (query === meanQuery(shape)) return trans.__("mean over all patches");
  if (query >= shape.prefix) {
    const patch = query - shape.prefix;
    return trans.__("patch row %1, column %2", Math.floor(patch / shape.grid[1]) + 1, (patch % shape.grid[1]) + 1);
  }
  return query === 0 ? trans.__("class token") : trans.__("register token %1", query);
}
