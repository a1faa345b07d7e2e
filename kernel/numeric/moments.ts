/** Moments of channels in double precision, which any number of workers make in parts. */
import { meanRow } from "./rows";

/** Number of rows, and of each channel the mean and the squared deviations from it, added up. */
export interface ChannelMoments {
  count: number;
  mean: Float64Array;
  squares: Float64Array;
}

/** Moments of no rows, to begin a sum with. */
export const noMoments = (channels: number): ChannelMoments => ({
  count: 0,
  mean: new Float64Array(channels),
  squares: new Float64Array(channels),
});

/** Moments of some rows, in two passes. @param rows `[N, channels]` */
export function channelMoments(rows: Float32Array, channels: number): ChannelMoments {
  if (rows.length === 0) return noMoments(channels);
  const mean = meanRow(rows, channels);
  const squares = new Float64Array(channels);
  for (let start = 0; start < rows.length; start += channels)
    for (let c = 0; c < channels; c++) squares[c] += (rows[start + c] - mean[c]) ** 2;
  return { count: rows.length / channels, mean, squares };
}

/**
 * Moments of the rows of both, by the pairwise update of Chan, Golub and LeVeque (1979): with `δ = b.mean − a.mean`, the mean is
 * `a.mean + δ · b.count / n` and the squares are `a.squares + b.squares + δ² · a.count · b.count / n`. It loses no digits where
 * means are large beside deviations, as sums of squares would.
 */
export function mergeMoments(a: ChannelMoments, b: ChannelMoments): ChannelMoments {
  if (a.count === 0 || b.count === 0) return a.count === 0 ? b : a;
  const count = a.count + b.count;
  const apart = a.mean.map((mean, c) => b.mean[c] - mean);
  return {
    count,
    mean: a.mean.map((mean, c) => mean + (apart[c] * b.count) / count),
    squares: a.squares.map((own, c) => own + b.squares[c] + (apart[c] ** 2 * a.count * b.count) / count),
  };
}
