import { LawError } from "./error";
import {
  extract,
  placementOf,
  unitTokens,
  type ExtractionOptions,
  type ExtractionPlan,
  type ImageFeatures,
  type LayerExtractor,
} from "./extraction";
import type { GridFeatures } from "./match";
import { pckOfPair, resolveAlphas, type PckOptions, type PckPair } from "./pck";
import { byFlag, geometryAware, type FlagName, type LookAlikes, type PairFlags, type PckBreakdown } from "./subsets";
import { summarize, type PairOutcome, type PckSummary } from "./summary";

/** A pair whose images can be found: `path` is the image file. */
export interface ScoredPair extends PckPair {
  readonly source: PckPair["source"] & { readonly path: string };
  readonly target: PckPair["target"] & { readonly path: string };
  readonly flags?: PairFlags;
}

/** Features of an image by its path, from wherever they are kept; asked for once a pair and side. */
export type FeatureSource = (path: string) => GridFeatures | Promise<GridFeatures>;

export interface CScoreOptions extends PckOptions, ExtractionOptions {
  /** Blocks whose tokens are used, each normalised and then concatenated. Default `[-2]`, as in the Law paper. */
  layers?: number[];
  /** Score the keypoints that have a look-alike apart, as `geometryAware`. Default: not. */
  lookAlikes?: LookAlikes;
  /** Seed of the bootstrap interval. Default 1. */
  seed?: number;
}

/** PCK over all pairs, and over parts of them. */
export interface CScore extends PckSummary {
  /** By flag and its value; empty where pairs carry no flags. */
  flags: Partial<Record<FlagName, Record<string, PckBreakdown>>>;
  /** `null` without the option `lookAlikes`. */
  geometryAware: PckSummary | null;
}

/**
 * C score of an encoder: PCK of nearest-feature matches over pairs in SPair-71k's layout, in percent
 * (Law of Vision Representation, arXiv 2408.16357; law.md section 2.3). Every image goes through the encoder once, and its
 * features are let go after the last pair that needs them; pairs are visited by category, so about one category is held.
 *
 * @param encoder an encoder, or a function from a path to features that are at hand
 * @throws LawError when `pairs` is empty, a layer's grid is not square, or images lie otherwise than `geometry` says.
 */
export async function cScore(
  encoder: LayerExtractor | FeatureSource,
  pairs: readonly ScoredPair[],
  options: CScoreOptions = {},
): Promise<CScore> {
  const where = "law.cScore";
  check(where, pairs, options);
  if (typeof encoder === "function") return describe(pairs, await matchSource(encoder, pairs, options), options);
  const plan = { ...options, layers: options.layers ?? [-2], join: true };
  const { outcomes } = await matchAll(encoder, pairs, plan, options);
  return describe(pairs, outcomes[0], options);
}

/**
 * C score of each of `layers` by itself (default: all), in depth order, from one pass over the images. The tokens of every layer
 * are held at once.
 */
export async function cScoreByLayer(
  encoder: LayerExtractor,
  pairs: readonly ScoredPair[],
  options: CScoreOptions = {},
): Promise<{ layer: number; summary: CScore }[]> {
  check("law.cScoreByLayer", pairs, options);
  const plan = { ...options, layers: options.layers ?? null, join: false };
  const { layers, outcomes } = await matchAll(encoder, pairs, plan, options);
  return layers.map((layer, i) => ({ layer, summary: describe(pairs, outcomes[i], options) }));
}

function check(where: string, pairs: readonly ScoredPair[], options: CScoreOptions): void {
  if (pairs.length === 0) throw new LawError(where, "at least one pair is needed", pairs.length);
  resolveAlphas(options);
}

function describe(pairs: readonly ScoredPair[], outcomes: PairOutcome[], options: CScoreOptions): CScore {
  const alphas = resolveAlphas(options);
  const { seed, lookAlikes } = options;
  return {
    ...summarize(outcomes, alphas, seed),
    flags: byFlag(pairs, outcomes, alphas, seed),
    geometryAware: lookAlikes ? geometryAware(pairs, outcomes, lookAlikes, alphas, seed) : null,
  };
}

async function matchSource(
  source: FeatureSource,
  pairs: readonly ScoredPair[],
  options: CScoreOptions,
): Promise<PairOutcome[]> {
  const outcomes: PairOutcome[] = [];
  for (const pair of pairs) {
    options.signal?.throwIfAborted();
    const [from, to] = await Promise.all([source(pair.source.path), source(pair.target.path)]);
    const unit = (of: GridFeatures) => ({ ...of, tokens: unitTokens(of.tokens, of.channels, options) });
    outcomes.push({ category: pair.category, results: pckOfPair(pair, unit(from), unit(to), options) });
    options.onProgress?.(outcomes.length, pairs.length);
  }
  return outcomes;
}

/** Outcomes in the order of `pairs`, one list a layer. */
async function matchAll(
  encoder: LayerExtractor,
  pairs: readonly ScoredPair[],
  plan: ExtractionPlan,
  options: CScoreOptions,
): Promise<{ layers: number[]; outcomes: PairOutcome[][] }> {
  const order = pairs.map((_, i) => i).sort((a, b) => compare(pairs[a].category, pairs[b].category) || a - b);
  const uses = new Map<string, number>();
  for (const i of order) for (const path of pathsOf(pairs[i])) uses.set(path, (uses.get(path) ?? 0) + 1);
  const held = new Map<string, ImageFeatures>();
  const matched: PairOutcome[][] = [];
  let layers: number[] = [];
  let next = 0;
  const isReady = (pair: ScoredPair | undefined) => pair !== undefined && pathsOf(pair).every((path) => held.has(path));
  for await (const batch of extract(encoder, [...uses.keys()], plan)) {
    for (const [path, features] of batch) held.set(path, features);
    layers = batch[0][1].layers;
    for (; isReady(pairs[order[next]]); next++) {
      const pair = pairs[order[next]];
      matched[order[next]] = matchPair(pair, held, options);
      for (const path of pathsOf(pair)) release(path, uses, held);
    }
  }
  const maps = matched[0].map((_, position) => position);
  return { layers, outcomes: maps.map((position) => matched.map((of) => of[position])) };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const pathsOf = ({ source, target }: ScoredPair): string[] => [source.path, target.path];

function release(path: string, uses: Map<string, number>, held: Map<string, ImageFeatures>): void {
  const left = (uses.get(path) as number) - 1;
  uses.set(path, left);
  if (left === 0) held.delete(path);
}

function matchPair(pair: ScoredPair, held: Map<string, ImageFeatures>, options: CScoreOptions): PairOutcome[] {
  const from = held.get(pair.source.path) as ImageFeatures;
  const to = held.get(pair.target.path) as ImageFeatures;
  const lie = ({ path, size }: ScoredPair["source"], { geometry }: ImageFeatures) =>
    placementOf(path, size, geometry, options);
  const placed: PckPair = {
    ...pair,
    source: { ...pair.source, placement: lie(pair.source, from) },
    target: { ...pair.target, placement: lie(pair.target, to) },
  };
  return from.features.map((source, i) => ({
    category: pair.category,
    results: pckOfPair(placed, source, to.features[i], options),
  }));
}
