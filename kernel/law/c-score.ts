import { centerTokens, normalizeTokens, type GridFeatures } from "./match";
import { LawError } from "./error";
import { pckOfPair, resolveAlphas, type PckOptions, type PckPair } from "./pck";
import { summarize, type PairOutcome, type PckSummary } from "./summary";

/** A pair whose images can be found: `path` is the image file. */
export interface ScoredPair extends PckPair {
  readonly source: PckPair["source"] & { readonly path: string };
  readonly target: PckPair["target"] & { readonly path: string };
}

/** The part of an encoder that the score needs (see `encoders.load`). */
export interface LayerExtractor {
  readonly name: string;
  forwardIntermediates(
    images: string[],
    options: { indices: number[] | null; outputFmt: "NLC"; intermediatesOnly: true },
  ): Promise<{ intermediates: LayerFeatures[] }>;
}

/** Features of one layer for a batch of images; `tokens(i)` is `[rows * columns, channels]`. */
export interface LayerFeatures {
  readonly layer: number;
  readonly grid: readonly [rows: number, columns: number];
  readonly channels: number;
  tokens(image: number): Float32Array;
}

export interface CScoreOptions extends PckOptions {
  /** Blocks whose tokens are used, each normalised and then concatenated. Default `[-2]`, as in the Law paper. */
  layers?: number[];
  /** Take the mean token of each image away before normalising. Default `false`, as in the Law paper. */
  center?: boolean;
  /** Images that go through the encoder at once. Default 16. */
  batchSize?: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** Seed of the bootstrap interval. Default 1. */
  seed?: number;
}

/**
 * C score of an encoder: PCK of nearest-feature matches over pairs in SPair-71k's layout, in percent
 * (Law of Vision Representation, arXiv 2408.16357; law.md section 2.3). Every image goes through the encoder once.
 *
 * @throws LawError when `pairs` is empty or a layer's grid is not square.
 */
export async function cScore(
  encoder: LayerExtractor,
  pairs: readonly ScoredPair[],
  options: CScoreOptions = {},
): Promise<PckSummary> {
  const features = await extract("law.cScore", encoder, pairs, options, (layers, i) => [combine(layers, i, options)]);
  return score(pairs, features, 0, options);
}

/**
 * C score of each of `layers` by itself (default: all), in depth order, from one pass over the images. The tokens of every layer
 * are held at once.
 */
export async function cScoreByLayer(
  encoder: LayerExtractor,
  pairs: readonly ScoredPair[],
  options: CScoreOptions = {},
): Promise<{ layer: number; summary: PckSummary }[]> {
  const seen: number[] = [];
  const each = (maps: readonly LayerFeatures[], i: number) => {
    seen.splice(0, seen.length, ...maps.map((map) => map.layer));
    return maps.map((map) => combine([map], i, options));
  };
  const all = { ...options, layers: options.layers ?? null };
  const features = await extract("law.cScoreByLayer", encoder, pairs, all, each);
  return seen.map((layer, position) => ({ layer, summary: score(pairs, features, position, options) }));
}

/** `null` asks for all layers. */
type LayerRequest = Omit<CScoreOptions, "layers"> & { layers?: number[] | null };
type FeaturesByPath = Map<string, GridFeatures[]>;

function score(
  pairs: readonly ScoredPair[],
  features: FeaturesByPath,
  position: number,
  options: CScoreOptions,
): PckSummary {
  const of = ({ path }: { path: string }) => (features.get(path) as GridFeatures[])[position];
  const outcomes: PairOutcome[] = pairs.map((pair) => ({
    category: pair.category,
    results: pckOfPair(pair, of(pair.source), of(pair.target), options),
  }));
  return summarize(outcomes, resolveAlphas(options), options.seed);
}

/** Features of every image that a pair names, by path; `take` keeps what is wanted of one image. */
async function extract(
  where: string,
  encoder: LayerExtractor,
  pairs: readonly ScoredPair[],
  { layers = [-2], batchSize = 16, onProgress, signal, ...options }: LayerRequest,
  take: (layers: readonly LayerFeatures[], image: number) => GridFeatures[],
): Promise<FeaturesByPath> {
  if (pairs.length === 0) throw new LawError(where, "at least one pair is needed", pairs.length);
  resolveAlphas(options);
  const paths = [...new Set(pairs.flatMap((pair) => [pair.source.path, pair.target.path]))];
  const features: FeaturesByPath = new Map();
  for (let start = 0; start < paths.length; start += batchSize) {
    signal?.throwIfAborted();
    const batch = paths.slice(start, start + batchSize);
    const { intermediates } = await encoder.forwardIntermediates(batch, {
      indices: layers,
      outputFmt: "NLC",
      intermediatesOnly: true,
    });
    batch.forEach((path, i) => features.set(path, take(intermediates, i)));
    onProgress?.(Math.min(start + batchSize, paths.length), paths.length);
  }
  return features;
}

/** Unit-length tokens of one image; several layers are normalised, concatenated and normalised again. */
function combine(layers: readonly LayerFeatures[], image: number, { center = false }: CScoreOptions): GridFeatures {
  const unit = layers.map((layer) => {
    const tokens = layer.tokens(image);
    return normalizeTokens(center ? centerTokens(tokens, layer.channels) : tokens, layer.channels);
  });
  const { grid } = layers[0];
  if (layers.length === 1) return { tokens: unit[0], grid, channels: layers[0].channels };
  const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
  const joined = new Float32Array(grid[0] * grid[1] * channels);
  let offset = 0;
  layers.forEach((layer, l) => {
    checkGrid(grid, layer.grid);
    for (let cell = 0; cell < grid[0] * grid[1]; cell++) {
      const token = unit[l].subarray(cell * layer.channels, (cell + 1) * layer.channels);
      joined.set(token, cell * channels + offset);
    }
    offset += layer.channels;
  });
  return { tokens: normalizeTokens(joined, channels), grid, channels };
}

function checkGrid(expected: readonly number[], grid: readonly number[]): void {
  if (grid[0] !== expected[0] || grid[1] !== expected[1]) {
    const rule = `layers must share one grid, the first has ${expected.join("x")}`;
    throw new LawError("law.cScore", rule, grid.join("x"));
  }
}
