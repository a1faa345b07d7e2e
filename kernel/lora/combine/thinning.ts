/** Thinning of adapters' factors or updates before PEFT's combinations of `ties` and `dare` add them. */
import { Matrix } from "ml-matrix";
import { sum } from "../../numeric";
import type { Thinning, ThinningOptions } from "./thinning-options";

/**
 * Returns the sum of thinned matrices. Each keeps its largest values (`ties`, arXiv 2306.01708, and `magnitude_prune`)
 * or random ones divided by the density (DARE, arXiv 2311.03099). For both `ties` types, each place is the mean of the
 * values with the elected sign.
 */
export function thinnedSum(
  type: Thinning,
  all: readonly Matrix[],
  weights: readonly number[],
  { density = 1, majoritySign = "total" }: ThinningOptions,
  random: () => number,
): Matrix {
  const thinned = all.map((one) => (type.startsWith("dare") ? dropped(one, density, random) : largest(one, density)));
  return type.endsWith("ties") ? elected(thinned, weights, majoritySign) : weightedSum(thinned, weights);
}

export function weightedSum(all: readonly Matrix[], weights: readonly number[]): Matrix {
  const sum = Matrix.zeros(all[0].rows, all[0].columns);
  all.forEach((one, i) => sum.add(Matrix.mul(one, weights[i])));
  return sum;
}

function largest(x: Matrix, density: number): Matrix {
  if (density === 1) return x;
  const values = x.to1DArray();
  const order = values.map((_, i) => i).sort((i, j) => Math.abs(values[j]) - Math.abs(values[i]));
  const kept = new Array<number>(values.length).fill(0);
  for (const i of order.slice(0, Math.floor(density * values.length))) kept[i] = values[i];
  return Matrix.from1DArray(x.rows, x.columns, kept);
}

function dropped(x: Matrix, density: number, random: () => number): Matrix {
  if (density === 1) return x;
  const values = x.to1DArray().map((value) => (random() < density ? value / density : 0));
  return Matrix.from1DArray(x.rows, x.columns, values);
}

function elected(all: readonly Matrix[], weights: readonly number[], method: "total" | "frequency"): Matrix {
  const places = all.map((one) => one.to1DArray());
  const values = places[0].map((_, i) => {
    const votes = places.map((one) => (method === "total" ? one[i] : Math.sign(one[i])));
    const sign = sum(votes) >= 0 ? 1 : -1;
    const agreeing = places.map((one) => Math.sign(one[i]) === sign);
    const total = places.reduce((all, one, k) => all + (agreeing[k] ? one[i] * weights[k] : 0), 0);
    return total / Math.max(1, agreeing.filter(Boolean).length);
  });
  return Matrix.from1DArray(all[0].rows, all[0].columns, values);
}
