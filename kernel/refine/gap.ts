import { distance, dot, least, mean, meanRow, quantile, row, squaredDeviations, unitRows } from "../numeric";
import { distances, transportCost, wassersteinOfNumbers } from "../numeric/transport";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { checkSeed, Prng } from "../numeric/prng";
import { gromovWasserstein } from "../similarity/gromov-wasserstein";
import { linearCka } from "../similarity/kernels";
import type { TokenSet } from "../similarity/token-set";
import { RefineError } from "./error";

/** Options of {@link gap}. */
export interface GapOptions {
  /** `l2`: rows are divided by their length first; `none`: raw Euclidean. Default `none`. */
  normalize?: "none" | "l2";
  /** Number of directions of the sliced distance. Default 128. */
  projections?: number;
  /** Most points of each set for the exact distance and Gromov-Wasserstein; larger sets are sampled without replacement. Default 128. */
  sample?: number;
  /** Weight of the entropy of Gromov-Wasserstein, for distances of mean 1. Default 0.05. */
  epsilon?: number;
  /** Seed of directions and samples. Default 0. */
  seed?: number;
}

/** Distances between visual tokens and words in the language model's space. */
export interface Gap {
  /** Mean over x of the distance to the nearest y. */
  nearest: number;
  /** Mean over y of the distance to the nearest x; the measure is not symmetric. */
  nearestBack: number;
  /** Distance of the means. */
  meanDistance: number;
  /** Wasserstein-1, exact, of at most `sample` points each. */
  wasserstein: number;
  /** Sliced Wasserstein-1 of all points: the mean over random directions, at most the exact distance. */
  sliced: number;
  /** Gromov-Wasserstein loss of at most `sample` points each, entropic, distances divided by their mean. */
  gromovWasserstein: number;
  /** Number of points of x and y that the exact measures took. */
  sampled: readonly [x: number, y: number];
}

const FN = "refine.gap";
const NAMES: OptionNames<GapOptions> = { normalize: true, projections: true, sample: true, epsilon: true, seed: true };

/**
 * Measures the modality gap between visual tokens and words in the language model's space, as SAILViT reports it between stages
 * (arXiv 2509.14033): nearest neighbour, distance of means and Wasserstein-1; beside them Gromov-Wasserstein, which compares geometry
 * alone. The report fixes neither distance nor normalization: here raw Euclidean, or of unit rows with `normalize: "l2"`.
 *
 * @param x visual tokens `[N, width]` after the connector
 * @param y word embeddings `[M, width]`
 * @throws RefineError for sets of different width, fewer than 2 rows, values that are not finite, or an option out of range
 * @throws SimilarityError for a set whose points are all equal, or an epsilon that is out of range or too small
 */
export function gap(x: TokenSet, y: TokenSet, options: GapOptions = {}): Gap {
  checkOptionNames(FN, options, NAMES, RefineError);
  const { normalize = "none", projections = 128, sample = 128, epsilon, seed = 0 } = options;
  if (normalize !== "none" && normalize !== "l2") throw new RefineError(FN, "normalize must be none or l2", normalize);
  for (const [name, value] of Object.entries({ projections, sample }))
    if (!Number.isInteger(value) || value < 2)
      throw new RefineError(FN, `${name} must be a whole number of at least 2`, value);
  checkSeed(FN, seed, RefineError);
  checkSets(FN, x, y);
  const { width } = x;
  const [a, b] = [x, y].map(({ data }) => (normalize === "l2" ? unitRows(data, width) : data));
  const [few, others] = [a, b].map((rows, i) => drawn(rows, width, sample, new Prng(seed, `gap/sample ${i}`)));
  const set = (data: Float32Array): TokenSet => ({ data, width });
  return {
    nearest: nearest(a, b, width),
    nearestBack: nearest(b, a, width),
    meanDistance: distanceOfMeans(a, b, width),
    wasserstein: transportCost(distances(few, others, width)),
    sliced: slicedWasserstein(a, b, directions(width, projections, new Prng(seed, "gap/directions")), width),
    gromovWasserstein: gromovWasserstein(set(few), set(others), epsilon === undefined ? {} : { epsilon }).distance,
    sampled: [few.length / width, others.length / width],
  };
}

function checkSets(fn: string, x: TokenSet, y: TokenSet): void {
  for (const set of [x, y]) {
    if (!((set as Partial<TokenSet> | null | undefined)?.data instanceof Float32Array))
      throw new RefineError(fn, "each set must have data, a Float32Array, and a width", set);
    const { data, width } = set;
    const rows = data.length / width;
    if (!Number.isInteger(width) || !Number.isInteger(rows) || rows < 2)
      throw new RefineError(fn, `each set must be 2 or more rows of ${width}`, data.length);
    if (!data.every(Number.isFinite)) throw new RefineError(fn, "values must be finite", "a value that is not");
  }
  if (x.width !== y.width) throw new RefineError(fn, `both sets must have width ${x.width}`, y.width);
}

/** Mean over the rows of `from` of the distance to the nearest row of `to`. Differences keep small distances between long rows exact. */
const nearest = (from: Float32Array, to: Float32Array, width: number): number =>
  mean(
    Float64Array.from({ length: from.length / width }, (_, i) =>
      least(distances(row(from, width, i), to, width).costs),
    ),
  );

function distanceOfMeans(a: Float32Array, b: Float32Array, width: number): number {
  return distance(meanRow(a, width), meanRow(b, width));
}

/** Unit directions, [count, width]. */
function directions(width: number, count: number, random: Prng): Float32Array {
  return unitRows(
    Float32Array.from({ length: count * width }, () => random.normal()),
    width,
  );
}

/**
 * Mean over directions of the Wasserstein-1 distance of the projections (Bonneel et al. 2015).
 *
 * @param a `[N, width]` @param b `[M, width]` @param along `[count, width]`, unit rows
 */
export function slicedWasserstein(a: Float32Array, b: Float32Array, along: Float32Array, width: number): number {
  const project = (rows: Float32Array, direction: Float32Array): Float64Array =>
    Float64Array.from({ length: rows.length / width }, (_, i) => dot(rows, direction, i * width));
  const each = Array.from({ length: along.length / width }, (_, k) => {
    const direction = row(along, width, k);
    return wassersteinOfNumbers(project(a, direction), project(b, direction));
  });
  return mean(each);
}

/** Returns all rows where they are at most `count`, else that many different ones in their order. */
function drawn(rows: Float32Array, width: number, count: number, random: Prng): Float32Array {
  const all = rows.length / width;
  if (all <= count) return rows;
  const keyed = Array.from({ length: all }, (_, index) => ({ index, key: random.next() }));
  const chosen = keyed.sort((a, b) => a.key - b.key).slice(0, count);
  const indices = chosen.map(({ index }) => index).sort((a, b) => a - b);
  const out = new Float32Array(count * width);
  indices.forEach((index, at) => out.set(row(rows, width, index), at * width));
  return out;
}

/** Change that a stage made in the features of the same pictures. */
export interface FeatureChange {
  /** Linear CKA of before and after, 1 for features that are equal up to rotation and scale (arXiv 1905.00414). */
  cka: number;
  /** Mean Euclidean distance of a token from itself. */
  moved: number;
}

/**
 * Compares the features of the same tokens before and after a stage (linear CKA, Kornblith et al., arXiv 1905.00414).
 *
 * @param before `[N, width]` @param after `[N, width]`, in the same order
 * @throws RefineError for sets of different shape @throws SimilarityError for features that are all equal
 */
export function change(before: TokenSet, after: TokenSet): FeatureChange {
  const fn = "refine.change";
  checkSets(fn, before, after);
  if (before.data.length !== after.data.length)
    throw new RefineError(fn, `both sides must hold ${before.data.length} values`, after.data.length);
  const { width } = before;
  const moved = Array.from({ length: before.data.length / width }, (_, i) =>
    distance(row(before.data, width, i), row(after.data, width, i)),
  );
  return { cka: linearCka(before, after).score, moved: mean(moved) };
}

/** Distribution of the values of features. */
export interface FeatureDistribution {
  mean: number;
  /** Standard deviation by 1/n. */
  deviation: number;
  /** Quantiles at 0, 0.05, 0.25, 0.5, 0.75, 0.95 and 1, linear between values. */
  quantiles: readonly number[];
  /** Share of the values in each of equal bins over `range`; the last one holds its upper end. */
  shares: readonly number[];
  range: readonly [low: number, high: number];
}

const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/**
 * Returns the distribution of features, for a layer by layer comparison between stages (SAILViT, arXiv 2507.01643).
 *
 * @param values features of any shape, `[N, width]`
 * @param options `bins`: default 32; `range`: default the smallest and largest value
 * @throws RefineError for no values, values that are not finite, or an option out of range
 */
export function distribution(
  values: Float32Array,
  options: { bins?: number; range?: readonly [low: number, high: number] } = {},
): FeatureDistribution {
  const fn = "refine.distribution";
  checkOptionNames(fn, options, { bins: true, range: true }, RefineError);
  if (!(values instanceof Float32Array) || !values.length || !values.every(Number.isFinite))
    throw new RefineError(fn, "values must be finite numbers", values);
  const sorted = Float64Array.from(values).sort();
  const { bins = 32, range = [sorted[0], sorted[sorted.length - 1]] } = options;
  if (!Number.isInteger(bins) || bins < 1) throw new RefineError(fn, "bins must be a whole number above 0", bins);
  if (!Array.isArray(range) || range.length !== 2) throw new RefineError(fn, "range must be [low, high]", range);
  const [low, high] = range as [number, number];
  if (!(low <= high && Number.isFinite(high - low)))
    throw new RefineError(fn, "range must be finite and ascend", [low, high]);
  const counts = new Float64Array(bins);
  for (const value of sorted)
    if (value >= low && value <= high)
      counts[Math.min(bins - 1, Math.floor((bins * (value - low)) / (high - low || 1)))]++;
  return {
    mean: mean(sorted),
    deviation: Math.sqrt(squaredDeviations(sorted) / sorted.length),
    quantiles: QUANTILES.map((share) => quantile(sorted, share)),
    shares: [...counts].map((count) => count / sorted.length),
    range: [low, high],
  };
}
