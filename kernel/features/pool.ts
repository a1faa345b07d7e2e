/**
 * Means over squares of neighboring tokens.
 *
 * @param tokens [rows · pool · columns · pool, channels]
 * @param grid rows and columns of the result
 * @returns [rows · columns, channels]
 */
export function pooled(
  tokens: Float32Array,
  [rows, columns]: readonly [rows: number, columns: number],
  pool: number,
): Float32Array {
  const channels = tokens.length / (rows * columns * pool ** 2);
  const result = new Float32Array(rows * columns * channels);
  for (let from = 0; from < tokens.length / channels; from++) {
    const [row, column] = [Math.floor(from / (columns * pool)), from % (columns * pool)];
    const to = Math.floor(row / pool) * columns + Math.floor(column / pool);
    for (let c = 0; c < channels; c++) result[to * channels + c] += tokens[from * channels + c] / pool ** 2;
  }
  return result;
}
