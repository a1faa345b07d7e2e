import { sum } from "../../../numeric";
import { TaskError } from "../../error";
import type { TaskColumns } from "./layout";
import { solveInPlace } from "./solve";

/** Sums over tokens, of some channels: everything that a probe in closed form needs. */
export interface ProbeSums {
  /** Number of channels. */
  channels: number;
  /** Number of tokens, by their weights. */
  tokens: number;
  /** Sum of the features, [channels], less the shift. */
  features: Float64Array;
  /** Σ x xᵀ, [channels, channels]. */
  products: Float64Array;
  /** Σ m x xᵀ of the tokens with m cells that do not count for the task; null where all count. */
  missing: Float64Array | null;
  /** Σ t x for each column t of the targets, [columns, channels]. */
  targets: Float64Array;
  /** Σ t for each column. */
  counts: Float64Array;
}

/** Linear function of one task: for each column of its cells, weights and a bias; the features are less the shift. */
export interface TaskWeights {
  /** [side · side · outputs, channels] */
  weights: Float64Array;
  /** [side · side · outputs] */
  biases: Float64Array;
}

/** Logit of a class that no training cell has. */
const NEVER = -1e30;

/**
 * Fits one task to sums: linear discriminants for classes, with the covariance within classes shrunk towards the identity, and ridge
 * regression for values. Channels are standardized first; the covariance is pooled over the cells of a token.
 */
export function fitTask(fn: string, sums: ProbeSums, columns: TaskColumns, shrinkage: number): TaskWeights {
  const { channels } = sums;
  const scales = scalesOf(sums);
  const found = columns.isClass ? discriminants(sums, columns, scales) : regressions(sums, columns, scales);
  const { covariance, sides } = found;
  const amount = columns.isClass ? (shrinkage * traceOf(covariance, channels)) / channels : shrinkage;
  const keep = columns.isClass ? 1 - shrinkage : 1;
  for (let at = 0; at < covariance.length; at++) covariance[at] *= keep;
  for (let c = 0; c < channels; c++) covariance[c * (channels + 1)] += amount + Number(scales[c] === 0);
  if (!solveInPlace(covariance, sides, channels))
    throw new TaskError(
      fn,
      `features of ${columns.task} must vary within its classes, or shrinkage be larger`,
      shrinkage,
    );
  const biases = found.biases(sides);
  for (let at = 0; at < sides.length; at++) sides[at] *= scales[at % channels];
  return { weights: sides, biases };
}

/** Covariance, right-hand sides and the biases that follow from the solutions. */
interface System {
  covariance: Float64Array;
  sides: Float64Array;
  biases(solutions: Float64Array): Float64Array;
}

/** Returns 1 / deviation of each channel, 0 for a constant one. */
function scalesOf({ channels, tokens, features, products }: ProbeSums): Float64Array {
  return Float64Array.from({ length: channels }, (_, c) => {
    const variance = products[c * (channels + 1)] / tokens - (features[c] / tokens) ** 2;
    return variance > 1e-12 ? 1 / Math.sqrt(variance) : 0;
  });
}

const traceOf = (matrix: Float64Array, n: number): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += matrix[i * (n + 1)];
  return sum;
};

/** Returns the covariance around the means of `groups`, pooled over cells and standardized. */
function covarianceAround(
  sums: ProbeSums,
  side: number,
  groups: readonly number[],
  scales: Float64Array,
): Float64Array {
  const { channels: C, products, missing, targets, counts } = sums;
  const total = groups.reduce((sum, group) => sum + counts[group], 0);
  const covariance = products.map((value, at) => side * side * value - (missing?.[at] ?? 0));
  for (const group of groups) {
    if (!(counts[group] > 0)) continue;
    for (let i = 0, from = group * C; i < C; i++)
      for (let j = 0, share = targets[from + i] / counts[group]; j < C; j++)
        covariance[i * C + j] -= share * targets[from + j];
  }
  return covariance.map((value, at) => (value * scales[Math.floor(at / C)] * scales[at % C]) / total);
}

/** Returns the standardized mean of a group, zeros for an empty one. */
function meanOf({ channels, targets, counts }: ProbeSums, group: number, scales: Float64Array): Float64Array {
  const count = counts[group] || 1;
  return Float64Array.from(scales, (scale, c) => (targets[group * channels + c] / count) * scale);
}

function discriminants(sums: ProbeSums, { side, outputs, at }: TaskColumns, scales: Float64Array): System {
  const { channels: C, counts } = sums;
  const groups = Array.from({ length: side * side * outputs }, (_, i) => at + i);
  const means = new Float64Array(groups.length * C);
  groups.forEach((group, i) => means.set(meanOf(sums, group, scales), i * C));
  const kept = means.slice();
  const cellTotal = (i: number): number => {
    const first = at + Math.floor(i / outputs) * outputs;
    return sum(counts.subarray(first, first + outputs));
  };
  const bias = (solutions: Float64Array, i: number): number => {
    if (!(counts[groups[i]] > 0)) return NEVER;
    let half = 0;
    for (let c = i * C; c < (i + 1) * C; c++) half += (solutions[c] * kept[c]) / 2;
    return Math.log(counts[groups[i]] / cellTotal(i)) - half;
  };
  return {
    covariance: covarianceAround(sums, side, groups, scales),
    sides: means,
    biases: (solutions) => Float64Array.from(groups, (_, i) => bias(solutions, i)),
  };
}

function regressions(sums: ProbeSums, { side, outputs, at, width }: TaskColumns, scales: Float64Array): System {
  const { channels: C, targets, counts } = sums;
  const known = Array.from({ length: side * side }, (_, cell) => at + cell * width + outputs);
  const sides = new Float64Array(side * side * outputs * C);
  const means = known.map((group) => meanOf(sums, group, scales));
  const each = (visit: (i: number, cell: number, column: number) => void): void => {
    for (let cell = 0, i = 0; cell < known.length; cell++)
      for (let c = 0; c < outputs; c++, i++) visit(i, cell, at + cell * width + c);
  };
  each((i, cell, column) => {
    const count = counts[known[cell]] || 1;
    for (let c = 0; c < C; c++)
      sides[i * C + c] = (targets[column * C + c] * scales[c] - means[cell][c] * counts[column]) / count;
  });
  const biases = (solutions: Float64Array): Float64Array => {
    const out = new Float64Array(side * side * outputs);
    each((i, cell, column) => {
      let along = 0;
      for (let c = 0; c < C; c++) along += solutions[i * C + c] * means[cell][c];
      out[i] = counts[column] / (counts[known[cell]] || 1) - along;
    });
    return out;
  };
  return { covariance: covarianceAround(sums, side, known, scales), sides, biases };
}
