import { jStat } from "jstat";
import { inverse, Matrix } from "ml-matrix";
import { leastSquares } from "../fit/least-squares";

/** Belief about one encoder's score: a normal distribution for one new measurement. */
export interface Belief {
  mean: number;
  deviation: number;
}

export interface BeliefOptions {
  /** Standard deviation of one measurement around the model, in the units of the scores. Default 0.1. */
  noise?: number;
  /** Standard deviation of each coefficient before any data. Default 1. */
  prior?: number;
}

/**
 * Bayesian linear regression with a flat intercept: `y = b + x·w + e`, `w ~ N(0, prior²)`, `e ~ N(0, noise²)`, on
 * columns centred at the trained rows. The predictive mean is ridge regression with penalty `(noise / prior)²`; the
 * variance is `noise² (1 + 1/n) + (x - x̄)ᵀ S (x - x̄)` with `S = noise² (XᵀX + (noise / prior)² I)⁻¹` (Bishop, PRML,
 * section 3.3).
 *
 * @param design `[encoders, terms]`
 * @param trained indices of the rows with a score
 * @param scores one per row; scores of untrained rows are not read
 * @returns one belief per row of `design`
 */
export function beliefs(
  design: number[][],
  trained: readonly number[],
  scores: readonly number[],
  { noise = 0.1, prior = 1 }: BeliefOptions = {},
): Belief[] {
  const x = trained.map((i) => design[i]);
  const penalty = (noise / prior) ** 2;
  const y = trained.map((i) => scores[i]);
  const { coefficients } = leastSquares(x, y, { ridge: penalty });
  const variances = predictiveVariances(design, trained, { noise, prior });
  return design.map((row, i) => ({
    mean: row.reduce((sum, value, j) => sum + value * coefficients[j + 1], coefficients[0]),
    deviation: Math.sqrt(variances[i]),
  }));
}

/** Returns the variance of one new measurement for each row. It depends on the trained rows, not on their scores. */
export function predictiveVariances(
  design: number[][],
  trained: readonly number[],
  { noise = 0.1, prior = 1 }: BeliefOptions = {},
): number[] {
  const rows = new Matrix(trained.map((i) => design[i]));
  const means = rows.mean("column");
  const centered = rows.subRowVector(means);
  const penalty = (noise / prior) ** 2;
  const precision = centered.transpose().mmul(centered).add(Matrix.eye(means.length).mul(penalty));
  const covariance = inverse(precision)
    .mul(noise ** 2)
    .to2DArray();
  return design.map((row) => {
    const offset = row.map((value, j) => value - means[j]);
    const spread = offset.reduce((sum, u, i) => sum + u * offset.reduce((s, v, j) => s + covariance[i][j] * v, 0), 0);
    return spread + noise ** 2 * (1 + 1 / trained.length);
  });
}

/** Returns `E[max(0, y - best)]` for a normal `y` (Mockus 1975; Jones, Schonlau and Welch 1998, eq. 15). */
export function expectedImprovement({ mean, deviation }: Belief, best: number): number {
  const z = (mean - best) / deviation;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return (mean - best) * jStat.normal.cdf(z, 0, 1) + deviation * density;
}

/** Returns `P(y > best)` for a normal `y`. */
export function probabilityAbove({ mean, deviation }: Belief, best: number): number {
  return 1 - jStat.normal.cdf(best, mean, deviation);
}

/** Returns the value below which a standard normal variable stays with this probability. */
export function normalQuantile(probability: number): number {
  return jStat.normal.inv(probability, 0, 1);
}
