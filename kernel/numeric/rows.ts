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

/** A copy without the mean row. @param rows `[N, channels]` */
export function centeredRows(rows: Float32Array, channels: number): Float32Array {
  const mean = meanRow(rows, channels);
  const out = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += channels)
    for (let c = 0; c < channels; c++) out[start + c] = rows[start + c] - mean[c];
  return out;
}
