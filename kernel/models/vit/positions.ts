import { clamp } from "../../numeric";
import { cubic } from "../../numeric/cubic";
import type { Grid } from "../../contracts/geometry";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { operation } from "../../nn/operations/operation";

/** Resampling of a grid of positions. */
export type Resample = "antialias" | "bicubic";

/**
 * Returns the matrix [to, from] of `torch.nn.functional.interpolate(mode="bicubic", align_corners=False)` along one axis, row by
 * row.
 */
export function resampling(from: number, to: number, kind: Resample): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const row = matrix.subarray(i * from, (i + 1) * from);
    if (kind === "antialias") antialiased(row, i, from / to);
    else clamped(row, ((i + 0.5) * from) / to - 0.5);
  }
  return matrix;
}

/** Weights of the four neighbours of a place; neighbours beyond the edge count as the edge. */
function clamped(row: Float32Array, at: number): void {
  const first = Math.floor(at) - 1;
  for (let k = first; k < first + 4; k++) row[clamp(k, 0, row.length - 1)] += cubic(at - k, -0.75);
}

/** Weights of a kernel as wide as the shrinking, cut at the edges and normalized. */
function antialiased(row: Float32Array, i: number, shrinking: number): void {
  const scale = Math.max(1, shrinking);
  const center = shrinking * (i + 0.5);
  const first = Math.max(0, Math.floor(center - 2 * scale + 0.5));
  const end = Math.min(row.length, Math.floor(center + 2 * scale + 0.5));
  let sum = 0;
  for (let k = first; k < end; k++) sum += row[k] = cubic((k - center + 0.5) / scale, -0.5);
  for (let k = first; k < end; k++) row[k] /= sum;
}

/** Resamples [side · side, features] to [rows · columns, features]. */
export function resampleTable(
  table: Float32Array,
  { side, rows, columns, features }: { side: number; rows: number; columns: number; features: number },
  kind: Resample,
): Float32Array {
  const [down, across] = [resampling(side, rows, kind), resampling(side, columns, kind)];
  const result = new Float32Array(rows * columns * features);
  for (let target = 0; target < rows * columns; target++) {
    const [row, column] = [Math.floor(target / columns), target % columns];
    for (let source = 0; source < side * side; source++) {
      const weight = down[row * side + Math.floor(source / side)] * across[column * side + (source % side)];
      if (weight === 0) continue;
      for (let c = 0; c < features; c++) result[target * features + c] += weight * table[source * features + c];
    }
  }
  return result;
}

/**
 * Resamples positions to the grid of patches, as two products, so that the gradient reaches the table.
 *
 * @param table [1, rows · columns, C] of grid `from`
 * @param patches [B, H, W, C], of which only the grid is read
 * @returns [1, H · W, C]
 */
export function resamplePositions(table: Tensor, patches: Tensor, from: Grid, kind: Resample): Tensor {
  const [, H, W] = patches.shape;
  const attributes = { from, kind };
  return operation("FoveaResamplePositions", { table, patches }, attributes, () => {
    if (from[0] === H && from[1] === W) return table;
    return resampled(table, from, [H, W], kind);
  });
}

/** Resamples a table [1, rows · columns, C] to another grid: [1, H · W, C]. */
export function resampled(table: Tensor, [rows, columns]: Grid, [H, W]: Grid, kind: Resample): Tensor {
  const C = table.shape[2] as number;
  const down = tf.tensor(resampling(rows, H, kind), [H, rows]);
  const across = tf.tensor(resampling(columns, W, kind), [W, columns]);
  const tall = tf.matMul(down, tf.reshape(table, [rows, columns * C]));
  const turned = tf.reshape(tf.transpose(tf.reshape(tall, [H, columns, C]), [1, 0, 2]), [columns, H * C]);
  const wide = tf.reshape(tf.matMul(across, turned), [W, H, C]);
  return tf.reshape(tf.transpose(wide, [1, 0, 2]), [1, H * W, C]);
}

/**
 * Returns sines of rows and columns for patches [B, H, W, C]: [1, H · W, C], in four parts sin(column), cos(column), sin(row),
 * cos(row) with frequencies 10000^(-4i/C) (arXiv 2205.01580, in the order of MAE's and AIMv2's release).
 */
export function sinePositions(patches: Tensor): Tensor {
  const [, H, W, C] = patches.shape;
  return operation("FoveaSinePositions", { patches }, {}, () => tf.tensor(sines([H, W], C), [1, H * W, C]));
}

/** Returns sines and cosines of rows and columns, [H · W, C]. */
export function sines([H, W]: Grid, C: number): Float32Array {
  const values = new Float32Array(H * W * C);
  const quarter = C / 4;
  for (let n = 0; n < H * W; n++)
    for (let i = 0; i < C; i++) {
      const part = Math.floor(i / quarter);
      const angle = (part < 2 ? n % W : Math.floor(n / W)) * 10_000 ** (-(i % quarter) / quarter);
      values[n * C + i] = part % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  return values;
}
