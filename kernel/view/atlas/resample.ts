import type { Grid } from "../../contracts/geometry";

/**
 * Reduces maps to the means of cells.
 *
 * @param values [channels, height, width] @returns [channels, rows, columns]
 */
export function resample(values: Float32Array, [height, width]: Grid, [rows, columns]: Grid): Float32Array {
  const channels = values.length / (height * width);
  const out = new Float32Array(channels * rows * columns);
  const edge = (at: number, count: number, side: number): number => Math.floor((at * side) / count);
  for (let i = 0; i < out.length; i++) {
    const [channel, row, column] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    let [sum, count] = [0, 0];
    for (let y = edge(row, rows, height); y < Math.max(edge(row + 1, rows, height), edge(row, rows, height) + 1); y++)
      for (
        let x = edge(column, columns, width);
        x < Math.max(edge(column + 1, columns, width), edge(column, columns, width) + 1);
        x++
      ) {
        sum += values[(channel * height + y) * width + x];
        count++;
      }
    out[i] = sum / count;
  }
  return out;
}
