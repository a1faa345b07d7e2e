/** Rows of a `[N, C]` matrix, row-major. */

const EPSILON = 1e-10;

/** Row `index` as a view. */
export function row(rows: Float32Array, channels: number, index: number): Float32Array {
  return rows.subarray(index * channels, (index + 1) * channels);
}

/** A copy with rows of unit length, `x / (|x| + 1e-10)`: a zero row stays zero. @param rows `[N, channels]` */
export function unitRows(rows: Float32Array, channels: number): Float32Array {
  const out = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += channels) {
    let sum = 0;
    for (let c = start; c < start + channels; c++) sum += rows[c] * rows[c];
    const scale = 1 / (Math.sqrt(sum) + EPSILON);
    for (let c = start; c < start + channels; c++) out[c] = rows[c] * scale;
  }
  return out;
}

/** Mean of the rows, added up in double precision. @param rows `[N, channels]` @returns `[channels]` */
export function meanRow(rows: Float32Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let start = 0; start < rows.length; start += channels)
    for (let c = 0; c < channels; c++) sums[c] += rows[start + c];
  const count = rows.length / channels;
  return sums.map((sum) => sum / count);
}

/** A copy without a row. @param rows `[N, channels]` @param mean `[channels]`, default their mean */
export function centeredRows(
  rows: Float32Array,
  channels: number,
  mean: Float64Array = meanRow(rows, channels),
): Float32Array {
  const out = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += channels)
    for (let c = 0; c < channels; c++) out[start + c] = rows[start + c] - mean[c];
  return out;
}

/** `Σ a[from + i] · b[i]` over all of `b`, added up in order. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>, from = 0): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[from + i] * b[i];
  return sum;
}

/** Euclidean distance of two rows, in double precision. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

/**
 * Writes the inner products of row `query` of `a` with every row of `b` into `out`; both are `[rows, width]`. Four rows
 * of `b` are summed together because their sums do not wait for each other. Each sum is still added in order, so the
 * result equals the row-by-row loop.
 */
export function dotRow(
  a: Float32Array,
  query: number,
  b: Float32Array,
  width: number,
  out: Float32Array | Float64Array,
): void {
  const rows = out.length;
  const from = query * width;
  let k = 0;
  for (; k + 3 < rows; k += 4) {
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    const k0 = k * width;
    const k1 = k0 + width;
    const k2 = k1 + width;
    const k3 = k2 + width;
    for (let c = 0; c < width; c++) {
      const q = a[from + c];
      first += q * b[k0 + c];
      second += q * b[k1 + c];
      third += q * b[k2 + c];
      fourth += q * b[k3 + c];
    }
    out[k] = first;
    out[k + 1] = second;
    out[k + 2] = third;
    out[k + 3] = fourth;
  }
  for (; k < rows; k++) {
    let sum = 0;
    for (let c = 0, at = k * width; c < width; c++, at++) sum += a[from + c] * b[at];
    out[k] = sum;
  }
}
