import { dotRow } from "./dots";
import { LawError } from "./error";

/** Features of one image on an `n x n` grid: `tokens` is `[n * n, channels]`, row-major, raster order. */
export interface GridFeatures {
  tokens: Float32Array;
  grid: readonly [rows: number, columns: number];
  channels: number;
}

export interface MatchOptions {
  /** `soft`: expectation under a softmax around the peak. `argmax`: the first best cell. Default `soft`. */
  match?: "soft" | "argmax";
  /** Half-width, in cells, of the block around the peak that the softmax sees. Default 5; `Infinity` for no window. */
  window?: number;
  /** Softmax temperature. Default 0.02. */
  temperature?: number;
  /** What stands outside the window. The released evaluation multiplies by a mask, so `zero` is the default. */
  maskFill?: "zero" | "-inf";
}

/** A position on the feature grid, in cells: `column` and `row` may be fractions for the soft matcher. */
export interface GridPoint {
  column: number;
  row: number;
}

const NORM_EPSILON = 1e-10;

/** A copy whose rows have unit length: `x / (|x| + 1e-10)`, so a zero row stays zero. */
export function normalizeTokens(tokens: Float32Array, channels: number): Float32Array {
  const out = new Float32Array(tokens.length);
  for (let start = 0; start < tokens.length; start += channels) {
    let sum = 0;
    for (let c = start; c < start + channels; c++) sum += tokens[c] * tokens[c];
    const scale = 1 / (Math.sqrt(sum) + NORM_EPSILON);
    for (let c = start; c < start + channels; c++) out[c] = tokens[c] * scale;
  }
  return out;
}

/** A copy with the mean token of the image taken away; `[N, C]` to `[N, C]`. Raises PCK of most encoders. */
export function centerTokens(tokens: Float32Array, channels: number): Float32Array {
  const mean = new Float64Array(channels);
  const out = new Float32Array(tokens.length);
  const rows = tokens.length / channels;
  for (let row = 0, at = 0; row < rows; row++) for (let c = 0; c < channels; c++, at++) mean[c] += tokens[at] / rows;
  for (let row = 0, at = 0; row < rows; row++) for (let c = 0; c < channels; c++, at++) out[at] = tokens[at] - mean[c];
  return out;
}

/** Cosine of one source cell with every target cell; both `[N, C]` must have unit rows. Returns `[N]`. */
export function similarityRow(
  source: Float32Array,
  cell: number,
  target: Float32Array,
  channels: number,
): Float32Array {
  const row = new Float32Array(target.length / channels);
  dotRow(source, cell, target, channels, row);
  return row;
}

/** Index of the largest value; the first one wins a tie. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/**
 * Where one row of similarities points to on an `n x n` grid (Law of Vision Representation, released evaluation).
 *
 * `argmax` takes the first best cell. `soft` keeps the `(2 * window + 1)^2` block around it, takes
 * `softmax((sim - max) / temperature)` over all cells and returns the expected column and row.
 */
export function locate(similarity: Float32Array, n: number, options: MatchOptions = {}): GridPoint {
  if (similarity.length !== n * n) {
    throw new LawError("law.locate", `similarity must hold n * n = ${n * n} values`, similarity.length);
  }
  const { match = "soft", window = 5, temperature = 0.02, maskFill = "zero" } = options;
  const peak = argmax(similarity);
  const peakRow = Math.floor(peak / n);
  const peakColumn = peak % n;
  if (match === "argmax") return { column: peakColumn, row: peakRow };
  if (!(temperature > 0)) throw new LawError("law.locate", "temperature must be above 0", temperature);

  const outside = maskFill === "zero" ? 0 : -Infinity;
  const max = Math.max(similarity[peak], window >= n - 1 ? -Infinity : outside);
  let mass = 0;
  let column = 0;
  let row = 0;
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const inside = Math.abs(y - peakRow) <= window && Math.abs(x - peakColumn) <= window;
      const weight = Math.exp(((inside ? similarity[y * n + x] : outside) - max) / temperature);
      mass += weight;
      column += weight * x;
      row += weight * y;
    }
  }
  return { column: clamp(column / mass, n - 1), row: clamp(row / mass, n - 1) };
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}
