import { sum } from "../../numeric";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { checkSeed, Prng } from "../../numeric/prng";
import { type BatchOptions, batchesOf, type BatchSource } from "./batches";
import { TrainError } from "../error";
import { isWhole } from "../../rules/rule-error";

/** Options of {@link weightedBatches}. */
export interface WeightedBatchOptions extends Omit<BatchOptions, "shuffle"> {
  /** Weight of each item, 0 or more; they need not sum to 1. */
  weights: ArrayLike<number>;
  /** Draw an item again although it was drawn in this epoch. Default true. */
  replacement?: boolean;
  /** Number of draws in an epoch. Default: the number of items, without replacement of those with a weight above 0. */
  count?: number;
}

const FN = "train.weightedBatches";
const NAMES: OptionNames<WeightedBatchOptions> = {
  batchSize: true,
  weights: true,
  replacement: true,
  count: true,
  seed: true,
  dropLast: true,
};

/**
 * Groups items into batches that are drawn by weight, equal in distribution to `torch.utils.data.WeightedRandomSampler`. Each epoch
 * draws anew from its own seeded stream, so a resumed training gets the same batches.
 *
 *     train.weightedBatches(items, { batchSize: 32, weights: train.balancedWeights(labels) })
 *
 * @throws TrainError for weights that are not one finite number of at least 0 for each item, or more draws than they allow
 */
export function weightedBatches<T>(items: readonly T[], options: WeightedBatchOptions): BatchSource<T[]> {
  checkOptionNames(FN, options, NAMES, TrainError);
  if (!Array.isArray(items)) throw new TrainError(FN, "items must be a list", items);
  const { batchSize, weights, replacement = true, seed = 0, dropLast = false } = options;
  checkSeed(FN, seed, TrainError);
  const usable = checkWeights(weights, items.length);
  const { count = replacement ? items.length : usable } = options;
  if (!isWhole(count)) throw new TrainError(FN, "count must be a whole number above 0", count);
  if (!replacement && count > usable)
    throw new TrainError(FN, `without replacement count is at most ${usable}, the weights above 0`, count);
  const draw = replacement ? drawer(weights) : race(weights);
  return batchesOf(items, { fn: FN, batchSize, dropLast, count }, (epoch) =>
    draw(count, new Prng(seed, `weighted epoch ${epoch}`)),
  );
}

/** Checks weights. Returns how many are above 0. */
function checkWeights(weights: ArrayLike<number>, items: number): number {
  if (typeof weights !== "object" || weights === null || weights.length !== items)
    throw new TrainError(FN, `weights must be ${items} numbers, one for each item`, weights?.length ?? weights);
  const list = Array.from(weights);
  const bad = list.findIndex((weight) => typeof weight !== "number" || !(weight >= 0 && weight < Infinity));
  if (bad >= 0) throw new TrainError(FN, `weight ${bad} must be a finite number of at least 0`, list[bad]);
  const usable = list.filter((weight) => weight > 0).length;
  if (!usable || !Number.isFinite(sum(list)))
    throw new TrainError(FN, "weights must have a finite sum above 0", sum(list));
  return usable;
}

/** Function that draws places by a generator. */
type Draw = (count: number, random: Prng) => number[];

/** Draws with replacement: a uniform number's place among the running sums. */
function drawer(weights: ArrayLike<number>): Draw {
  const sums = new Float64Array(weights.length);
  // Numbers near the smallest float have few bits; a power of two changes no others.
  const scale = sum(Array.from(weights)) < 2 ** -500 ? 2 ** 512 : 1;
  for (let i = 0, total = 0; i < weights.length; i++) sums[i] = total += weights[i] * scale;
  const total = sums[sums.length - 1];
  return (count, random) => Array.from({ length: count }, () => placeAmong(sums, fine(random) * total));
}

/** Index of the first sum above a value, which is below the last. */
function placeAmong(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Draws without replacement: each item arrives after an exponential time at its weight's rate, and the first ones are
 * taken in their order (Efraimidis and Spirakis 2006), which is the law of successive draws. Times are compared by their logarithms:
 * those of tiny weights would all be infinite.
 */
function race(weights: ArrayLike<number>): Draw {
  const places = Array.from(weights, (_, i) => i).filter((i) => weights[i] > 0);
  return (count, random) => {
    const times = new Map(places.map((place) => [place, logOfTime(fine(random), weights[place])]));
    return [...places].sort((a, b) => times.get(a)! - times.get(b)!).slice(0, count);
  };
}

/** Logarithm of an exponential time at a rate, from a uniform number in [0, 1). */
const logOfTime = (uniform: number, rate: number): number => Math.log(-Math.log1p(-uniform)) - Math.log(rate);

/** Uniform number in [0, 1) with 53 bits: 32 are too few where an item is one of millions. */
function fine(random: Prng): number {
  const high = random.int(2 ** 21);
  return (high + random.next()) / 2 ** 21;
}

/** Options of {@link balancedWeights}. */
export interface BalancedWeightsOptions {
  /**
   * In [0, 1): weighs a class of n items by (1 - β) / (1 - βⁿ), the inverse of its effective number (Cui et al., arXiv
   * 1901.05555, equation 2). Default: by 1 / n.
   */
  beta?: number;
}

/**
 * Weighs items so that all classes have equal weight together, with mean 1 (`compute_sample_weight("balanced")` of scikit-learn).
 *
 * @param labels class of each item, `[N]`
 * @returns `[N]`
 * @throws TrainError for no labels, or a beta outside [0, 1)
 */
export function balancedWeights(
  labels: readonly (string | number)[],
  options: BalancedWeightsOptions = {},
): Float64Array {
  const fn = "train.balancedWeights";
  checkOptionNames(fn, options, { beta: true }, TrainError);
  const { beta } = options;
  if (beta !== undefined && !(beta >= 0 && beta < 1)) throw new TrainError(fn, "beta must lie in [0, 1)", beta);
  if (!(labels as typeof labels | null)?.length) throw new TrainError(fn, "there must be labels", labels);
  const counts = new Map<string | number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const weightOf = (n: number): number => (beta === undefined ? 1 / n : (1 - beta) / (1 - beta ** n));
  const weights = Float64Array.from(labels, (label) => weightOf(counts.get(label)!));
  const scale = labels.length / sum(weights);
  return weights.map((weight) => weight * scale);
}
