import { type GridFeatures, type LayerFeatures, tokensOf } from "../../contracts/features";
import { type InputGeometry, place, type Placement } from "../../contracts/geometry";
import { letterbox, stretch } from "./canvas";
import { LawError } from "../error";
import { centeredRows, most, unitRows } from "../../numeric";
import { patientBar } from "../../display/progress";
import type { PckOptions } from "./pck";

/** Part of an encoder that the score needs (see `encoders.load`). */
export interface LayerExtractor {
  readonly name: string;
  forwardIntermediates(
    images: string[],
    options: { indices: number[] | null; outputFmt: "NLC"; intermediatesOnly: true },
  ): Promise<{ intermediates: LayerFeatures[] }>;
}

/** Tokens kept for one image: one entry per layer, or one entry for several joined layers. Rows may have any length. */
export interface ImageFeatures {
  layers: number[];
  features: GridFeatures[];
  geometry: InputGeometry | null;
}

/**
 * Store of features by key: a `Map`, or a store on disk. An aborted score finds its features there when it runs again.
 */
export interface FeatureCache {
  get(key: string): ImageFeatures | undefined | Promise<ImageFeatures | undefined>;
  set(key: string, features: ImageFeatures): unknown;
}

/** Options of extracting the features of a score. */
export interface ExtractionOptions {
  /** Subtract the mean token of each image before normalising. Default `false`, as in the Law paper. */
  center?: boolean;
  /** Images per encoder run. Default 16. */
  batchSize?: number;
  /**
   * Cache of features. Its keys name encoder, layers, centring and path, so a changed image or model needs a new cache.
   * Default: none.
   */
  cache?: FeatureCache;
  /**
   * Called after each image with the number of images done and of all. Default: a bar in the running cell of a notebook, once the work
   * has taken 2 s.
   */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops the work: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

export interface ExtractionPlan extends ExtractionOptions {
  /** Layers to read; `null` for all. */
  layers: number[] | null;
  /** Concatenate the layers into one map instead of keeping them apart. */
  join: boolean;
}

/** Yields the features of `paths` in order, batch by batch. Cached features do not go through the encoder. */
export async function* extract(
  encoder: LayerExtractor,
  paths: readonly string[],
  plan: ExtractionPlan,
): AsyncGenerator<[path: string, features: ImageFeatures][]> {
  const { batchSize = 16, onProgress = patientBar("Extracting", "images"), signal, cache } = plan;
  for (let start = 0; start < paths.length; start += batchSize) {
    signal?.throwIfAborted();
    const batch = paths.slice(start, start + batchSize);
    const found = await Promise.all(batch.map((path) => cache?.get(keyOf(encoder, path, plan))));
    const missing = batch.filter((_, i) => found[i] === undefined);
    const made = missing.length > 0 ? await run(encoder, missing, plan) : [];
    for (const [i, path] of missing.entries()) await cache?.set(keyOf(encoder, path, plan), made[i]);
    onProgress({ done: Math.min(start + batchSize, paths.length), total: paths.length });
    yield batch.map((path, i) => [path, found[i] ?? made[missing.indexOf(path)]]);
  }
}

function keyOf({ name }: LayerExtractor, path: string, { layers, join, center = false }: ExtractionPlan): string {
  return JSON.stringify({ encoder: name, layers, join, center, path });
}

async function run(encoder: LayerExtractor, paths: string[], plan: ExtractionPlan): Promise<ImageFeatures[]> {
  const options = { indices: plan.layers, outputFmt: "NLC", intermediatesOnly: true } as const;
  const { intermediates } = await encoder.forwardIntermediates(paths, options);
  return paths.map((_, i) => {
    const geometry = intermediates[0].geometry?.[i] ?? null;
    const layers = intermediates.map((map) => map.layer);
    const features = plan.join
      ? [combine(intermediates, i, plan)]
      : intermediates.map((map) => combine([map], i, plan));
    return { layers, features, geometry };
  });
}

/** Returns the tokens of one image; several layers are normalised and concatenated. */
function combine(layers: readonly LayerFeatures[], image: number, options: ExtractionOptions): GridFeatures {
  const { grid } = layers[0];
  const parts = layers.map((layer) => prepareTokens(tokensOf(layer, image), layer.channels, options));
  if (parts.length === 1) return { tokens: parts[0], grid, channels: layers[0].channels };
  const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
  const joined = new Float32Array(grid[0] * grid[1] * channels);
  let offset = 0;
  layers.forEach((layer, l) => {
    checkGrid(grid, layer.grid);
    const unit = unitRows(parts[l], layer.channels);
    for (let cell = 0; cell < grid[0] * grid[1]; cell++) {
      const token = unit.subarray(cell * layer.channels, (cell + 1) * layer.channels);
      joined.set(token, cell * channels + offset);
    }
    offset += layer.channels;
  });
  return { tokens: joined, grid, channels };
}

/** Returns the tokens, less the mean row if asked. Cosines divide by the lengths later. */
export function prepareTokens(
  tokens: Float32Array,
  channels: number,
  { center = false }: ExtractionOptions,
): Float32Array {
  return center ? centeredRows(tokens, channels) : tokens;
}

function checkGrid(expected: readonly number[], grid: readonly number[]): void {
  if (grid[0] !== expected[0] || grid[1] !== expected[1]) {
    const rule = `layers must share one grid, the first has ${expected.join("x")}`;
    throw new LawError("law.cScore", rule, grid.join("x"));
  }
}

/**
 * Tolerance in pixels of the encoder's input between a corner and its expected position; resizing rounds to whole
 * pixels.
 */
const ROUNDING = 1.5;

/**
 * Returns the placement that the encoder reports (`geometry: "encoder"`), else `undefined`: the formula of the geometry
 * applies. An encoder that prepares images differently from the geometry causes an error instead of a wrong number.
 */
export function placementOf(
  path: string,
  size: readonly [number, number],
  input: InputGeometry | null,
  { geometry = "letterbox", canvas = 840 }: PckOptions,
): Placement | undefined {
  if (input?.imageSize) checkSize(path, size, input.imageSize);
  if (geometry === "encoder") {
    if (!input) throw new LawError("law.cScore", 'geometry "encoder" needs features that say how images lie', path);
    const [x, y] = [canvas / input.modelSize[0], canvas / input.modelSize[1]];
    const { scaleX, scaleY, offsetX, offsetY } = input;
    return { scaleX: scaleX * x, scaleY: scaleY * y, offsetX: offsetX * x, offsetY: offsetY * y };
  }
  if (input) checkPlacement(path, size, input, geometry);
  return undefined;
}

/** Keypoints of another size, or of the picture before it was turned by its EXIF orientation, would fall on other cells. */
function checkSize(path: string, size: readonly [number, number], decoded: readonly [number, number]): void {
  if (size[0] === decoded[0] && size[1] === decoded[1]) return;
  const rule = `the picture ${path} is ${decoded.join(" x ")} pixels (turned upright), its annotation must be of that size`;
  throw new LawError("law.cScore", rule, size.join(" x "));
}

function checkPlacement(
  path: string,
  size: readonly [number, number],
  input: InputGeometry,
  geometry: Exclude<PckOptions["geometry"], "encoder" | undefined>,
): void {
  const side = input.modelSize[0];
  const wanted = (geometry === "letterbox" ? letterbox : stretch)(size, side);
  const off = ([[0, 0], size] as const).map((point) => {
    const [a, b] = [place(point, wanted), place(point, input)];
    return Math.max(Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1]));
  });
  if (most(off) <= ROUNDING) return;
  const resize = geometry === "letterbox" ? "letterbox" : "stretch";
  const rule =
    `geometry "${geometry}" needs images prepared with resize "${resize}" to ${side} pixels ` +
    `(encoders.load(…, { preprocess: { …, resize: "${resize}" } }), or geometry "encoder")`;
  throw new LawError("law.cScore", rule, `${path}, off by ${most(off).toFixed(1)} pixels`);
}
