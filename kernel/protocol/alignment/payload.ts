import { ProtocolError, base64, count, index, list, number, object, oneOf, optional, pair, text } from "../core/check";
import { COLOR_MAPS, type ColorMapName } from "../core/color";
import type { GridPlacement } from "../core/geometry";
import { gridPlacement, int8Matrix, savedImage, type SavedImage, type ScaleMode } from "../core/saved";
import type { Int8Matrix } from "../core/quantize";

/** Meaning of a value: the cosine itself, or its softmax over all patches of a token, or over all tokens of a patch. */
export type Normalization = "cosine" | "patches" | "tokens";

export const NORMALIZATIONS: readonly Normalization[] = ["cosine", "patches", "tokens"];

/** More tokens than this are no longer told apart. */
export const MAX_TOKENS = 4096;

/** Cosines up to this many are saved one by one. */
export const MAX_CELLS = 80_000;

/** Mime type of the payload that an alignment view stores in the notebook. Version 1. */
export const ALIGNMENT_MIME = "application/vnd.fovea.alignment.v1+json";

/** Cosines `[tokens, patches]` in one byte a value: `low + byte / 255 * (high - low)`, ends by token. */
export interface SavedCosines {
  low: number[];
  high: number[];
  /** Base64 of the bytes, row-major. */
  data: string;
}

/** Tokens in reading order; those of an image lie on its patch grid. */
export interface SavedTokens {
  labels: string[];
  image?: SavedImage;
  placement?: GridPlacement;
}

export interface AlignmentPayload {
  version: 1;
  title: string;
  /** Name of the encoder that made the features. */
  encoder: string;
  channels: number;
  image: SavedImage;
  placement: GridPlacement;
  tokens: SavedTokens;
  /** All cosines, where they fit. */
  cosines?: SavedCosines;
  /** Reduced features of patches and tokens, where all cosines would not fit. */
  reduced?: [patches: Int8Matrix, tokens: Int8Matrix];
  /** Means of the best cosine: over patches with any token, over tokens with any patch. From the full features. */
  best: [patches: number, tokens: number];
  /** Position of the token shown first. */
  current: number;
  normalization: Normalization;
  temperature: number;
  scale: ScaleMode;
  colormap: ColorMapName;
  opacity: number;
}

const cosine = number({ min: -2, max: 2 });
const bound = list(cosine, 1, MAX_TOKENS);

const payload = object<AlignmentPayload>({
  version: oneOf<1>([1]),
  title: text(300),
  encoder: text(200),
  channels: count,
  image: savedImage,
  placement: gridPlacement,
  tokens: object<SavedTokens>({
    labels: list(text(100), 1, MAX_TOKENS),
    image: optional(savedImage),
    placement: optional(gridPlacement),
  }),
  cosines: optional(object<SavedCosines>({ low: bound, high: bound, data: base64(4 * MAX_CELLS) })),
  reduced: optional(pair(int8Matrix)),
  best: pair(cosine),
  current: index,
  normalization: oneOf(NORMALIZATIONS),
  temperature: number({ min: 1e-4, max: 100 }),
  scale: oneOf<ScaleMode>(["absolute", "view"]),
  colormap: oneOf(COLOR_MAPS),
  opacity: number({ min: 0, max: 1 }),
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readAlignment(value: unknown, where = "alignment view"): AlignmentPayload {
  const read = payload(value, "", where);
  const { labels, placement } = read.tokens;
  const tokens = labels.length;
  const patches = cells(read.placement);
  if (read.current >= tokens) throw new ProtocolError(where, "current", `a position in ${tokens} tokens`, read.current);
  if (placement && cells(placement) !== tokens)
    throw new ProtocolError(where, "tokens.placement.grid", `a grid of ${tokens} tokens`, placement.grid);
  if (!placement !== !read.tokens.image)
    throw new ProtocolError(where, "tokens.image", "present together with tokens.placement", read.tokens.image);
  if (!read.cosines === !read.reduced)
    throw new ProtocolError(where, "cosines", "present when reduced is absent", read.cosines);
  if (read.cosines) checkCosines(read.cosines, tokens, patches, where);
  read.reduced?.forEach((matrix, i) => checkMatrix(matrix, i === 0 ? patches : tokens, `reduced[${i}]`, where));
  if (read.reduced && read.reduced[0].dims !== read.reduced[1].dims)
    throw new ProtocolError(where, "reduced[1].dims", `${read.reduced[0].dims}`, read.reduced[1].dims);
  return read;
}

function cells({ grid }: GridPlacement): number {
  return grid[0] * grid[1];
}

function checkCosines({ low, high, data }: SavedCosines, tokens: number, patches: number, where: string): void {
  if (low.length !== tokens) throw new ProtocolError(where, "cosines.low", `an array of ${tokens} items`, low);
  if (high.length !== tokens) throw new ProtocolError(where, "cosines.high", `an array of ${tokens} items`, high);
  checkBytes(data, tokens * patches, "cosines.data", where);
}

function checkMatrix({ dims, scale, data }: Int8Matrix, rows: number, path: string, where: string): void {
  if (scale.length !== dims) throw new ProtocolError(where, `${path}.scale`, `${dims} numbers`, scale);
  checkBytes(data, rows * dims, `${path}.data`, where);
}

function checkBytes(data: string, bytes: number, path: string, where: string): void {
  const padding = data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0;
  if ((data.length / 4) * 3 - padding !== bytes) throw new ProtocolError(where, path, `base64 of ${bytes} bytes`, data);
}
