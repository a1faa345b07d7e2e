/** Product of all numbers, 1 of none: the number of entries of a shape. */
export const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1);

/** Added up in order, in double precision. */
export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** NaN for no values. */
export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}

/** Squared differences from the mean, added up. */
export function squaredDeviations(values: ArrayLike<number>): number {
  const center = mean(values);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    const off = values[i] - center;
    total += off * off;
  }
  return total;
}

/** Value below which a share of the sorted values lies, interpolated linearly between neighbors. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** Two-sided 95 % point of the normal distribution. */
const Z_95 = 1.959963984540054;

/** 95 % interval of a share `p` of `n` (Wilson 1927), within [0, 1]. */
export function wilson(p: number, n: number): [low: number, high: number] {
  const square = Z_95 * Z_95;
  const center = (p + square / (2 * n)) / (1 + square / n);
  const half = (Z_95 / (1 + square / n)) * Math.sqrt((p * (1 - p)) / n + square / (4 * n * n));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}

/** The variance of a sample, over n - 1. NaN for fewer than two values. */
export function sampleVariance(values: ArrayLike<number>): number {
  return squaredDeviations(values) / (values.length - 1);
}
