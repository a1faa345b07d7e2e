import {
  MAX_THUMBS,
  base64Encode,
  dequantize,
  dotRow,
  row,
  topIndices,
  unitRows,
  type GalleryPayload,
  type NearReply,
  type Neighbor,
  type PictureReply,
  type SavedImage,
  type ThumbsReply,
} from "fovea/protocol";

/** A small picture: its address, or why there is none. */
export type Thumb = { url: string } | { reason: string };

/** A picture large enough to point at its patches. */
export interface LargePicture {
  image: SavedImage;
  region: PictureReply["region"];
}

/** Neighbors of a question, and where they come from. */
export interface FoundNeighbors {
  neighbors: Neighbor[];
  /** Milliseconds that the kernel took; missing where they were found by the reduced features of the notebook. */
  milliseconds?: number;
}

/** Small pictures and large ones that are kept: the oldest go first. */
const [MOST_THUMBS, MOST_LARGE] = [3000, 12];
const NEIGHBORS = 24;

const jpegUrl = (data: string): string => `data:image/jpeg;base64,${data}`;

/** Everything that the kernel sent, and what the notebook holds. */
export class GalleryStore {
  private readonly thumbs = new Map<number, Thumb>();
  private readonly names = new Map<number, string>();
  private readonly answers = new Map<string, FoundNeighbors>();
  private readonly large = new Map<number, LargePicture | { reason: string }>();
  private reduced: Float32Array | undefined;

  constructor(private readonly payload: GalleryPayload) {
    payload.names.forEach((name, index) => this.names.set(index, name));
    for (const { index, data } of payload.thumbs) this.thumbs.set(index, { url: jpegUrl(data) });
  }

  thumb(index: number): Thumb | undefined {
    return this.thumbs.get(index);
  }

  /** Name of a picture; its number until the name is known. */
  name(index: number): string {
    return this.names.get(index) ?? `${index + 1}`;
  }

  /** The picture that a path of the reader leads to; undefined for one that is not in the gallery, or not named. */
  indexOf(path: string): number | undefined {
    const root = this.payload.root?.replace(/\/+$/, "");
    return [...this.names].find(([, name]) => path === name || path === `${root}/${name}`)?.[0];
  }

  /** Tells whether a picture's name is known, so that code can call it. */
  isNamed(index: number): boolean {
    return this.names.has(index);
  }

  /** Pictures that cannot be read, as far as they were asked for. */
  get unreadable(): { name: string; reason: string }[] {
    return [...this.thumbs].flatMap(([index, thumb]) =>
      "reason" in thumb ? [{ name: this.name(index), reason: thumb.reason }] : [],
    );
  }

  /** Returns the pictures without a thumbnail, at most as many as one message brings. */
  missing(indices: readonly number[]): number[] {
    return indices.filter((index) => !this.thumbs.has(index)).slice(0, MAX_THUMBS);
  }

  acceptThumbs({ items }: ThumbsReply, files: readonly (Uint8Array | undefined)[]): void {
    items.forEach(({ index, name, reason = "" }, i) => {
      const file = files[i];
      this.names.set(index, name);
      this.thumbs.set(index, file ? { url: jpegUrl(base64Encode(file)) } : { reason });
    });
    trim(this.thumbs, MOST_THUMBS);
  }

  picture(index: number): LargePicture | { reason: string } | undefined {
    return this.large.get(index);
  }

  acceptPicture({ index, name, width, height, region, reason = "" }: PictureReply, file: Uint8Array | undefined): void {
    this.names.set(index, name);
    const image = file && { label: name, width, height, mime: "image/jpeg" as const, data: base64Encode(file) };
    this.large.set(index, image ? { image, region } : { reason });
    trim(this.large, MOST_LARGE);
  }

  /** Neighbors at hand: those of the kernel, or, for a whole picture, those by the features in the notebook. */
  neighbors(index: number, patch: number | undefined): FoundNeighbors | undefined {
    const known = this.answers.get(keyOf(index, patch ?? null));
    return known ?? (patch === undefined ? { neighbors: this.approximate(index) } : undefined);
  }

  /** Tells whether the kernel has answered a question. */
  has(index: number, patch: number | undefined): boolean {
    return this.answers.has(keyOf(index, patch ?? null));
  }

  acceptNear({ index, patch, neighbors, milliseconds }: NearReply): void {
    const { count } = this.payload;
    this.answers.set(keyOf(index, patch), { neighbors: neighbors.filter((one) => one.index < count), milliseconds });
    trim(this.answers, MOST_THUMBS);
  }

  private approximate(index: number): Neighbor[] {
    const { reduced, count } = this.payload;
    this.reduced ??= unitRows(dequantize(reduced), reduced.dims);
    const scores = new Float32Array(count);
    dotRow(row(this.reduced, reduced.dims, index), 0, this.reduced, reduced.dims, scores);
    scores[index] = -Infinity;
    const best = topIndices(scores, Math.min(NEIGHBORS, count - 1));
    return best.map((other) => ({ index: other, score: scores[other] }));
  }
}

function keyOf(index: number, patch: number | null): string {
  return `${index} ${patch}`;
}

/** Drops the oldest entries beyond a number. */
function trim(map: Map<unknown, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
