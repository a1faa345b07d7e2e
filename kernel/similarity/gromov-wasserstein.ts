import { distance, mean, most } from "../numeric";
import { distances } from "../numeric/transport";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { SimilarityError } from "./error";
import type { TokenSet } from "./token-set";
import { isWhole } from "../rules/rule-error";

/** Options of `similarity.gromovWasserstein`. */
export interface GromovWassersteinOptions {
  /** Weight of the entropy; distances have mean 1 with `scale: "mean"`. Default 0.05. */
  epsilon?: number;
  /** Divide each set's distances by their mean, which makes the figure independent of scale, or leave them. Default `mean`. */
  scale?: "mean" | "none";
  /** Most plans computed. Default 200. */
  iterations?: number;
  /** Largest change of the plan at which the computation ends, in Frobenius norm. Default 1e-5. */
  tolerance?: number;
}

/** Result of `similarity.gromovWasserstein`. */
export interface GromovWasserstein {
  readonly definition: "gromov-wasserstein";
  /** The negative of `distance`, at most 0: more is more alike. */
  readonly score: number;
  /** Squared loss of the plan, at least 0. */
  readonly distance: number;
  /** Number of plans computed. */
  readonly iterations: number;
  /** True where the last change was below the tolerance, and at most 0.1 % of the mass is at the wrong point. */
  readonly converged: boolean;
}

const FN = "similarity.gromovWasserstein";
const NAMES: OptionNames<GromovWassersteinOptions> = { epsilon: true, scale: true, iterations: true, tolerance: true };

/**
 * Compares the geometry of two sets of points without a pairing, also of different widths and numbers: the Gromov-Wasserstein loss
 * `sum (C_ik - D_jl)² T_ij T_kl` of Euclidean distances C and D, at the plan T that entropic projected gradients reach from the even plan
 * (Peyré et al., ICML 2016). The entropy's own term is not counted; it blurs the plan, so that equal sets are slightly
 * above 0. A local minimum: the problem is not convex.
 *
 * @param x `[N, width]`, for example one mean token per image
 * @param y `[M, width]`, for example text embeddings
 * @throws SimilarityError for fewer than 2 points, equal points alone, or an option out of range, as an epsilon too small for the distances
 */
export function gromovWasserstein(x: TokenSet, y: TokenSet, options: GromovWassersteinOptions = {}): GromovWasserstein {
  checkOptionNames(FN, options, NAMES, SimilarityError);
  const { epsilon = 0.05, scale = "mean", iterations = 200, tolerance = 1e-5 } = options;
  for (const [name, value] of Object.entries({ epsilon, tolerance }))
    if (!(Number.isFinite(value) && value > 0)) throw new SimilarityError(FN, `${name} must be above 0`, value);
  if (!isWhole(iterations))
    throw new SimilarityError(FN, "iterations must be a whole number of at least 1", iterations);
  if (scale !== "mean" && scale !== "none") throw new SimilarityError(FN, "scale must be mean or none", scale);
  const own = [x, y].map((set) => geometryOf(set, scale));
  const solved = solve(own[0], own[1], { epsilon, iterations, tolerance });
  if (!Number.isFinite(solved.distance)) throw new SimilarityError(FN, "epsilon must not be that small", epsilon);
  return { definition: "gromov-wasserstein", score: -solved.distance, ...solved };
}

/** Distances within one set, [size, size]. */
interface Geometry {
  values: Float64Array;
  size: number;
}

function geometryOf(set: TokenSet, scale: "mean" | "none"): Geometry {
  if (!((set as Partial<TokenSet> | null)?.data instanceof Float32Array))
    throw new SimilarityError(FN, "each set must have data, a Float32Array, and a width", set);
  const { data, width } = set;
  const size = data.length / width;
  if (!Number.isInteger(width) || !isWhole(size, 2))
    throw new SimilarityError(FN, "each set must be at least 2 rows of its width", size);
  const { costs } = distances(data, data, width);
  const unit = scale === "mean" ? mean(costs) : 1;
  if (!(unit > 0)) throw new SimilarityError(FN, "points of a set must differ, their mean distance", unit);
  return { values: costs.map((value) => value / unit), size };
}

type Settings = Required<Omit<GromovWassersteinOptions, "scale">>;
type Solved = Pick<GromovWasserstein, "distance" | "iterations" | "converged">;

function solve(a: Geometry, b: Geometry, { epsilon, iterations, tolerance }: Settings): Solved {
  let plan = new Float64Array(a.size * b.size).fill(1 / (a.size * b.size));
  const scales = new Float64Array(b.size);
  for (let at = 1; at <= iterations; at++) {
    // The gradient is twice the loss tensor, because the loss is quadratic in the plan.
    const gradient = lossTensor(a, b, plan).map((value) => 2 * value);
    const { plan: next, off } = sinkhorn(gradient, epsilon, scales, MARGIN * tolerance);
    const change = distance(next, plan);
    plan = next;
    if (off < UNEVEN && change < tolerance) return { distance: lossOf(a, b, plan), iterations: at, converged: true };
  }
  return { distance: lossOf(a, b, plan), iterations, converged: false };
}

/** Returns `sum_kl (C_ik - D_jl)² T_kl` for every i and j, of a plan with even margins. */
function lossTensor(a: Geometry, b: Geometry, plan: Float64Array): Float64Array {
  const rows = meanSquares(a);
  const columns = meanSquares(b);
  const mixed = timesSymmetric(leftTimes(a, plan, b.size), b, a.size);
  return mixed.map((value, at) => rows[Math.floor(at / b.size)] + columns[at % b.size] - 2 * value);
}

const lossOf = (a: Geometry, b: Geometry, plan: Float64Array): number =>
  Math.max(
    0,
    lossTensor(a, b, plan).reduce((sum, value, i) => sum + value * plan[i], 0),
  );

function meanSquares({ values, size }: Geometry): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += values[i * size + k] ** 2;
    return sum / size;
  });
}

/** C · T: [size, columns]. */
function leftTimes({ values, size }: Geometry, plan: Float64Array, columns: number): Float64Array {
  const out = new Float64Array(size * columns);
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++) {
      const factor = values[i * size + k];
      for (let j = 0, from = k * columns, to = i * columns; j < columns; j++, from++, to++)
        out[to] += factor * plan[from];
    }
  return out;
}

/** M · D of a symmetric D: [rows, size]. */
function timesSymmetric(matrix: Float64Array, { values, size }: Geometry, rows: number): Float64Array {
  const out = new Float64Array(rows * size);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0, a = i * size, b = j * size; k < size; k++, a++, b++) sum += matrix[a] * values[b];
      out[i * size + j] = sum;
    }
  return out;
}

const SINKHORN_ROUNDS = 1000;
/** Error of the margins at which the scaling ends, as a share of the tolerance of the plan. */
const MARGIN = 0.1;
/** Share of the mass that may lie in the wrong row or column of a plan that counts as converged. */
const UNEVEN = 1e-3;

/**
 * Returns the entropic plan of a cost with even margins (Cuturi, NeurIPS 2013): rows and columns are scaled in turn.
 *
 * @param scales logarithms of the columns' factors, which the next call starts from
 * @returns the plan, and by how much the sums of its columns were off in the last round
 */
function sinkhorn(
  costs: Float64Array,
  epsilon: number,
  scales: Float64Array,
  tolerance: number,
): { plan: Float64Array; off: number } {
  const columns = scales.length;
  const rows = costs.length / columns;
  const plan = firstPlan(costs, epsilon, scales);
  let off = Infinity;
  for (let round = 0; round < SINKHORN_ROUNDS && !(off < tolerance); round++) {
    scaleRows(plan, rows, columns);
    off = scaleColumns(plan, rows, scales);
  }
  return { plan, off };
}

/** Starts in logarithms, so that the largest number of each row and column is far from zero. */
function firstPlan(costs: Float64Array, epsilon: number, scales: Float64Array): Float64Array {
  const columns = scales.length;
  const logs = costs.map((cost, at) => scales[at % columns] - cost / epsilon);
  for (let from = 0; from < logs.length; from += columns) {
    const own = logs.subarray(from, from + columns);
    const top = most(own);
    own.forEach((value, j) => (own[j] = value - top));
  }
  const tops = new Float64Array(columns).fill(-Infinity);
  logs.forEach((value, at) => (tops[at % columns] = Math.max(tops[at % columns], value)));
  tops.forEach((top, j) => (scales[j] -= top));
  return logs.map((value, at) => Math.exp(value - tops[at % columns]));
}

function scaleRows(plan: Float64Array, rows: number, columns: number): void {
  for (let i = 0, from = 0; i < rows; i++, from += columns) {
    let sum = 0;
    for (let at = from; at < from + columns; at++) sum += plan[at];
    const factor = 1 / (rows * sum);
    for (let at = from; at < from + columns; at++) plan[at] *= factor;
  }
}

/** Scales the columns to even shares; returns by how much their sums were off, added up. */
function scaleColumns(plan: Float64Array, rows: number, scales: Float64Array): number {
  const columns = scales.length;
  const sums = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) sums[j] += plan[at];
  const factors = sums.map((sum) => 1 / (columns * sum));
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) plan[at] *= factors[j];
  factors.forEach((factor, j) => (scales[j] += Math.log(factor)));
  return sums.reduce((off, sum) => off + Math.abs(sum - 1 / columns), 0);
}
