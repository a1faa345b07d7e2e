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

/** The variance of a sample, over n - 1. NaN for fewer than two values. */
export function sampleVariance(values: ArrayLike<number>): number {
  return squaredDeviations(values) / (values.length - 1);
}
