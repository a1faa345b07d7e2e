/** Thinning of adapters' factors or updates before PEFT's combinations of `ties` and `dare` add them. */
import { nthLargest } from "../../numeric";
import type { Thinning, ThinningOptions } from "./thinning-options";

/**
 * Returns the sum of matrices of one shape, thinned in place. Each keeps its largest values (`ties`, arXiv 2306.01708, and
 * `magnitude_prune`) or random ones divided by the density (DARE, arXiv 2311.03099). For both `ties` types, each place is
 * the mean of the values with the elected sign.
 */
export function thinnedSum(
  type: Thinning,
  all: readonly Float64Array[],
  weights: readonly number[],
  { density = 1, majoritySign = "total" }: ThinningOptions,
  random: () => number,
): Float64Array {
  for (const values of all) {
    if (density === 1) continue;
    if (type.startsWith("dare")) dropRandom(values, density, random);
    else dropSmall(values, density);
  }
  return type.endsWith("ties") ? elected(all, weights, majoritySign) : weightedSum(all, weights);
}

export function weightedSum(all: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const sums = new Float64Array(all[0].length);
  all.forEach((values, k) => {
    for (let i = 0; i < sums.length; i++) sums[i] += values[i] * weights[k];
  });
  return sums;
}

/** Keeps the share of the values that are largest without their sign, of equal ones the first, and NaN; the rest becomes 0. */
function dropSmall(values: Float64Array, density: number): void {
  const sizes = new Float64Array(values.length);
  for (let i = 0; i < sizes.length; i++) sizes[i] = Math.abs(values[i]);
  const count = Math.floor(density * values.length);
  const least = count > 0 ? nthLargest(sizes, count) : Infinity;
  let equals = count - countAbove(sizes, least);
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size < least || (size === least && equals-- <= 0)) values[i] = 0;
  }
}

function countAbove(values: Float64Array, bound: number): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > bound) count++;
  return count;
}

function dropRandom(values: Float64Array, density: number, random: () => number): void {
  for (let i = 0; i < values.length; i++) values[i] = random() < density ? values[i] / density : 0;
}

function elected(
  all: readonly Float64Array[],
  weights: readonly number[],
  method: "total" | "frequency",
): Float64Array {
  const places = new Float64Array(all[0].length);
  for (const one of all)
    for (let i = 0; i < places.length; i++) places[i] += method === "total" ? one[i] : Math.sign(one[i]);
  for (let i = 0; i < places.length; i++) places[i] = meanOfSign(places[i] >= 0 ? 1 : -1, all, weights, i);
  return places;
}

/** Returns the weighted mean of the values of one sign at a place, 0 where there is none. */
function meanOfSign(sign: number, all: readonly Float64Array[], weights: readonly number[], i: number): number {
  let [total, count] = [0, 0];
  for (let k = 0; k < all.length; k++) {
    const value = all[k][i];
    if (Math.sign(value) !== sign) continue;
    total += value * weights[k];
    count++;
  }
  return total / Math.max(1, count);
}
