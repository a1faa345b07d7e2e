import {
  base64,
  checkBelow,
  count,
  index,
  list,
  number,
  object,
  oneOf,
  optional,
  pair,
  ProtocolError,
  text,
} from "../core/check";
import { base64Decode, base64Encode } from "../core/base64";
import type { Grid } from "../core/geometry";
import type { Int8Matrix } from "../core/quantize";
import { MAX_SAVED_BYTES, gridPlacement, int8Matrix } from "../core/saved";

/** Mime type of the payload that a gallery stores in the notebook. Version 1. */
export const GALLERY_MIME = "application/vnd.fovea.gallery.v1+json";

/** A small picture that is saved in the notebook. */
export interface SavedThumb {
  /** Position among the pictures. */
  index: number;
  /** Base64 of a JPEG. */
  data: string;
}

/** A picture of the folder that has no features, and why. */
export interface SkippedPicture {
  path: string;
  reason: string;
}

export interface GalleryPayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  title: string;
  encoder: string;
  /** Folder of the features, and folder of the pictures where it was given as a path. */
  folder?: string;
  root?: string;
  /** Index of the layer whose features are compared. */
  layer: number;
  channels: number;
  grid: Grid;
  /** Pictures in the view, and those with features in the folder. */
  count: number;
  total: number;
  skipped: SkippedPicture[];
  /** Pictures without features; `skipped` names the first of them. */
  skippedCount: number;
  /** Names of the first pictures, as many as there is room for. */
  names: string[];
  /** Base64 of `[count, 2]` places on the first two principal components, 16 bits each, little-endian. */
  places: string;
  /** Shares of the variance along both components. */
  ratio: [number, number];
  /** Features of the pictures, `[count, dims]`, for neighbors without a kernel. */
  reduced: Int8Matrix;
  thumbs: SavedThumb[];
  /** The picture shown first. */
  current: number;
}

/** Most pictures of a gallery. */
export const MAX_GALLERY = 20_000;
const LEVELS = 65_535;
const name = text(1000);
const share = number({ min: 0, max: 1 });
const bytes = base64(MAX_SAVED_BYTES);

const payload = object<GalleryPayload>({
  version: oneOf<1>([1]),
  view: text(100),
  title: text(300),
  encoder: text(200),
  folder: optional(name),
  root: optional(name),
  layer: index,
  channels: count,
  grid: (value, path, where) => gridPlacement({ grid: value, region: [0, 0, 1, 1] }, path, where).grid,
  count: number({ min: 1, max: MAX_GALLERY, integer: true }),
  total: count,
  skipped: list(object<SkippedPicture>({ path: name, reason: name }), 0, 100),
  skippedCount: index,
  names: list(name, 0, MAX_GALLERY),
  places: bytes,
  ratio: pair(share),
  reduced: int8Matrix,
  thumbs: list(object<SavedThumb>({ index, data: bytes }), 0, MAX_GALLERY),
  current: index,
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readGallery(value: unknown, where = "gallery view"): GalleryPayload {
  const read = payload(value, "", where);
  const below = (at: number, path: string): void => checkBelow(where, path, at, read.count);
  const sized = (data: string, length: number, path: string): void => {
    const found = base64Decode(data).length;
    if (found !== length) throw new ProtocolError(where, path, `base64 of ${length} bytes`, found);
  };
  below(read.current, "current");
  read.thumbs.forEach((thumb, i) => below(thumb.index, `thumbs[${i}].index`));
  if (read.names.length > read.count)
    throw new ProtocolError(where, "names", `at most ${read.count}`, read.names.length);
  sized(read.places, 4 * read.count, "places");
  sized(read.reduced.data, read.reduced.dims * read.count, "reduced.data");
  if (read.reduced.scale.length !== read.reduced.dims)
    throw new ProtocolError(where, "reduced.scale", `${read.reduced.dims} numbers`, read.reduced.scale.length);
  return read;
}

/** Writes places `[count, 2]`, each axis from its smallest to its largest value in 16 bits. */
export function savePlaces(places: Float32Array): string {
  const ends = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = axis; i < places.length; i += 2) [low, high] = [Math.min(low, places[i]), Math.max(high, places[i])];
    return [low, high];
  });
  const out = new Uint8Array(2 * places.length);
  places.forEach((value, i) => {
    const [low, high] = ends[i % 2];
    const level = Math.round(((value - low) / (high - low || 1)) * LEVELS);
    out[2 * i] = level & 255;
    out[2 * i + 1] = level >> 8;
  });
  return base64Encode(out);
}

/** Reads places back, each axis in 0..1. */
export function readPlaces(data: string): Float32Array {
  const bytes = base64Decode(data);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => (bytes[2 * i] + 256 * bytes[2 * i + 1]) / LEVELS);
}
