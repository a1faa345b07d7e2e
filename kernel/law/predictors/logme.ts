import { checkArguments } from "../../rules/arguments";
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { dot, mean, sum } from "../../numeric";
import type { TokenSet } from "../../similarity/token-set";
import type { AlignmentScore } from "./definitions";
import { LawError } from "../error";
import { isWhole } from "../../rules/rule-error";

/** Evidence of a Bayesian linear read-out. */
export interface LogME extends AlignmentScore {
  readonly definition: "logme";
  /** Evidence by class for labels, else one entry `value`. */
  readonly columns: Record<string, number>;
}

/**
 * Inputs of a column's evidence: squared singular values, squared projections, and the part outside the features' span.
 */
interface Spectrum {
  sigma: number[];
  projected: number[];
  outside: number;
  rows: number;
  width: number;
}

const ITERATIONS = 1000;
const TOLERANCE = 1e-9;

/**
 * Returns LogME: the largest log evidence per image of `y = F w + e`, `w ~ N(0, 1/a)`, `e ~ N(0, 1/b)` (You et al.,
 * arXiv 2102.11005), by the fixed point `a = γ / |m|²`, `b = (n - γ) / |F m - y|²`. Features are used unchanged,
 * neither centred nor scaled.
 *
 * @param features one row per image, `[images, width]`
 * @param targets one label per image (strings: the mean over one-hot columns), or one number per image (regression)
 * @throws LawError when counts differ or a column of targets is all zero
 */
export function logME(features: TokenSet, targets: readonly string[] | readonly number[]): LogME {
  const where = "law.logME";
  checkArguments(where, LawError, { features, targets }, { features: { data: "list" }, targets: "array" });
  const { data, width } = features;
  const rows = data.length / width;
  if (!isWhole(rows, 2)) {
    throw new LawError(where, `features must be 2 or more whole rows of width ${width}`, data.length);
  }
  if (targets.length !== rows) throw new LawError(where, `there must be ${rows} targets, one an image`, targets.length);
  const design = Matrix.from1DArray(rows, width, Array.from(data));
  const svd = new SingularValueDecomposition(design, { autoTranspose: true });
  const left = svd.leftSingularVectors;
  const sigma = svd.diagonal.map((value) => value * value);
  const columns = Object.fromEntries(
    Object.entries(columnsOf(targets)).map(([name, y]) => {
      const squares = dot(y, y);
      if (!(squares > 0)) throw new LawError(where, "targets must be finite and not all be 0", squares);
      const projected = sigma.map((_, k) => y.reduce((sum, value, i) => sum + left.get(i, k) * value, 0) ** 2);
      const outside = Math.max(0, squares - sum(projected));
      return [name, evidence({ sigma, projected, outside, rows, width })];
    }),
  );
  const values = Object.values(columns);
  return { definition: "logme", score: mean(values), columns };
}

function columnsOf(targets: readonly string[] | readonly number[]): Record<string, number[]> {
  const list: readonly (string | number)[] = targets;
  if (typeof list[0] === "number") return { value: list.map(Number) };
  const classes = [...new Set(list.map(String))].sort();
  return Object.fromEntries(classes.map((name) => [name, list.map((label) => Number(label === name))]));
}

function evidence(spectrum: Spectrum): number {
  const { sigma, rows } = spectrum;
  let [alpha, beta] = [1, 1];
  for (let i = 0; i < ITERATIONS; i++) {
    const ratio = alpha / beta;
    const { norm, residual } = posterior(spectrum, ratio);
    const gamma = sigma.reduce((sum, s) => sum + s / (s + ratio), 0);
    const next = [gamma / Math.max(norm, Number.MIN_VALUE), (rows - gamma) / Math.max(residual, Number.MIN_VALUE)];
    // Features that fit a column exactly leave no residual: the noise vanishes, and the last evidence before that is kept.
    if (!next.every((value) => Number.isFinite(value) && value > 0)) break;
    [alpha, beta] = next;
    if (Math.abs(alpha / beta - ratio) <= TOLERANCE * ratio) break;
  }
  return logEvidence(spectrum, alpha, beta) / rows;
}

/** Returns `|m|²` and `|F m - y|²` of the posterior mean for `ratio = a / b`. */
function posterior({ sigma, projected, outside }: Spectrum, ratio: number): { norm: number; residual: number } {
  let norm = 0;
  let residual = outside;
  sigma.forEach((s, k) => {
    norm += (s * projected[k]) / (s + ratio) ** 2;
    residual += projected[k] * (ratio / (s + ratio)) ** 2;
  });
  return { norm, residual };
}

function logEvidence(spectrum: Spectrum, alpha: number, beta: number): number {
  const { sigma, rows, width } = spectrum;
  const { norm, residual } = posterior(spectrum, alpha / beta);
  const determinant = sigma.reduce(
    (sum, s) => sum + Math.log(alpha + beta * s),
    (width - sigma.length) * Math.log(alpha),
  );
  const scale = width * Math.log(alpha) + rows * Math.log(beta) - rows * Math.log(2 * Math.PI);
  return (scale - beta * residual - alpha * norm - determinant) / 2;
}
