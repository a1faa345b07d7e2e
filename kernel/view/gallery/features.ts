import type { LayerFeatures } from "../../contracts/features";
import { platform } from "../../platform";
import { argmax, dotRow, meanRow, topIndices, unitRows } from "../../numeric";
import type { Box, Grid } from "../../protocol/core/geometry";
import { ViewError } from "../../protocol/core/error";
import type { Neighbor } from "../../protocol/gallery/messages";
import { imageFeatures, type ImageSize, type PlacedFeatures } from "../extract";

/** A folder of features, as `features.open` returns one. */
export interface FeatureFolderLike {
  readonly folder: string;
  readonly run: {
    readonly encoder: { readonly name: string };
    readonly layers: readonly {
      readonly layer: number;
      readonly channels: number;
      readonly grid: readonly [number, number];
    }[];
  };
  /** Lines of the manifest, by path. */
  readonly images: ReadonlyMap<string, FeatureLineLike>;
  /** Paths of the pictures with features. */
  readonly paths: readonly string[];
  /** Features of some pictures at some layers: one map a layer, in which image `i` is `paths[i]`. */
  maps(paths: readonly string[], layers: readonly number[]): Promise<readonly LayerFeatures[]>;
}

/** A line of the manifest: one picture, with its size, or why it was left out. */
export interface FeatureLineLike {
  readonly path: string;
  readonly status: string;
  readonly reason?: string;
  readonly size?: readonly [width: number, height: number];
}

/** Progress of reading a folder. */
export interface GalleryProgress {
  done: number;
  total: number;
}

/** Pictures that are read at once. */
const BATCH = 16;
/** Features of patches up to so many bytes stay in memory; more are read again for every question about a patch. */
const MOST_KEPT = 192 * 1024 * 1024;

/** Features of the pictures of a gallery: a mean vector each, and the patches when they are asked about. */
export class GalleryFeatures {
  /** Unit vectors `[count, channels]`: the means of the patches' unit vectors. */
  readonly vectors: Float32Array;
  private readonly kept: PlacedFeatures[] | undefined;

  constructor(
    private readonly where: string,
    private readonly folder: FeatureFolderLike,
    readonly paths: readonly string[],
    readonly layer: { readonly layer: number; readonly channels: number; readonly grid: Grid },
  ) {
    const { channels, grid } = layer;
    this.vectors = new Float32Array(paths.length * channels);
    this.kept = paths.length * channels * grid[0] * grid[1] * 4 <= MOST_KEPT ? [] : undefined;
  }

  /** Bytes that stay in memory. */
  get bytes(): number {
    const patches = this.kept?.reduce((sum, { tokens }) => sum + tokens.byteLength, 0) ?? 0;
    return this.vectors.byteLength + patches;
  }

  /** Size of a picture in pixels, as the manifest has it. */
  sizeOf(index: number): ImageSize {
    const [width, height] = this.folder.images.get(this.paths[index])?.size ?? [1, 1];
    return { width, height };
  }

  /** Reads everything once, for the mean vectors. */
  async readAll(onProgress: (progress: GalleryProgress) => void, signal: AbortSignal | undefined): Promise<void> {
    const { channels } = this.layer;
    await this.scan((features, index) => {
      this.vectors.set(unitRows(Float32Array.from(meanRow(features.tokens, channels)), channels), index * channels);
      if (this.kept) this.kept[index] = features;
      if ((index + 1) % BATCH === 0 || index + 1 === this.paths.length)
        onProgress({ done: index + 1, total: this.paths.length });
      signal?.throwIfAborted();
      return true;
    });
  }

  /** Patches of one picture. */
  async patches(index: number): Promise<PlacedFeatures> {
    return this.kept?.[index] ?? (await this.read([index]))[0];
  }

  /** The pictures nearest to a picture, by the cosine of their mean vectors. */
  nearPicture(index: number, count: number): Neighbor[] {
    const { channels } = this.layer;
    const scores = new Float32Array(this.paths.length);
    dotRow(this.vectors.subarray(index * channels, (index + 1) * channels), 0, this.vectors, channels, scores);
    scores[index] = -Infinity;
    return nearest(scores, count);
  }

  /**
   * The pictures with the patch nearest to a patch, each with its place; the picture itself is left out.
   *
   * @returns `undefined` when `isWanted` said no before the end
   */
  async nearPatch(
    index: number,
    patch: number,
    count: number,
    isWanted: () => boolean,
  ): Promise<Neighbor[] | undefined> {
    const { channels } = this.layer;
    const { tokens } = await this.patches(index);
    const query = tokens.slice(patch * channels, (patch + 1) * channels);
    const scores = new Float32Array(this.paths.length).fill(-Infinity);
    const boxes: Box[] = [];
    const isDone = await this.scan((features, other) => {
      if (other !== index) [scores[other], boxes[other]] = bestPatch(query, features, this.sizeOf(other));
      return isWanted();
    });
    return isDone ? nearest(scores, count).map((one) => ({ ...one, box: boxes[one.index] })) : undefined;
  }

  /** Hands over the patches of all pictures, in order, until `work` returns false. Returns whether it came to the end. */
  private async scan(work: (features: PlacedFeatures, index: number) => boolean): Promise<boolean> {
    for (let start = 0; start < this.paths.length; start += BATCH) {
      const indices = Array.from({ length: Math.min(BATCH, this.paths.length - start) }, (_, i) => start + i);
      const known = this.kept && indices.every((index) => this.kept?.[index]);
      const all = known ? indices.map((index) => this.kept?.[index] as PlacedFeatures) : await this.read(indices);
      for (const [i, index] of indices.entries()) if (!work(all[i], index)) return false;
      // Newer questions are heard between the batches.
      await platform().turn();
    }
    return true;
  }

  private async read(indices: readonly number[]): Promise<PlacedFeatures[]> {
    const [map] = await this.folder.maps(
      indices.map((index) => this.paths[index]),
      [this.layer.layer],
    );
    return indices.map((index, i) => imageFeatures(this.where, map, this.sizeOf(index), i));
  }
}

function nearest(scores: Float32Array, count: number): Neighbor[] {
  return topIndices(scores, Math.min(count, scores.length))
    .filter((index) => scores[index] > -Infinity)
    .map((index) => ({ index, score: Number(scores[index].toFixed(4)) }));
}

/** Cosine and place of the patch that is nearest to a query, in shares of the picture. */
function bestPatch(query: Float32Array, features: PlacedFeatures, { width, height }: ImageSize): [number, Box] {
  const { tokens, channels, grid, region } = features;
  const scores = new Float32Array(grid[0] * grid[1]);
  dotRow(query, 0, tokens, channels, scores);
  const best = argmax(scores);
  const [row, column] = [Math.floor(best / grid[1]), best % grid[1]];
  const [left, top, right, bottom] = region;
  const x = (at: number): number => (left + (at / grid[1]) * (right - left)) / width;
  const y = (at: number): number => (top + (at / grid[0]) * (bottom - top)) / height;
  return [scores[best], [x(column), y(row), x(column + 1), y(row + 1)]];
}

/** @throws ViewError for a layer that is not stored */
export function storedLayer(
  where: string,
  { run }: FeatureFolderLike,
  wanted: number | undefined,
): GalleryFeatures["layer"] {
  const found =
    wanted === undefined ? run.layers[run.layers.length - 1] : run.layers.find(({ layer }) => layer === wanted);
  if (found) return { layer: found.layer, channels: found.channels, grid: found.grid };
  throw new ViewError(where, `layer must be one of ${run.layers.map(({ layer }) => layer).join(", ")}`, wanted);
}
