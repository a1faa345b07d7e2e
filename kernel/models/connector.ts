import { checkArguments } from "../rules/arguments";
import type { Grid } from "../contracts/geometry";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { ModelError } from "./error";
import { isWhole } from "../rules/rule-error";

/**
 * Merges each square of neighbouring tokens into one, row by row: the pixel shuffle of a connector (arXiv 2404.16821). The features of
 * a square follow each other as they lie in it: upper left, upper right, lower left, lower right for side 2.
 *
 * @param x [B, H · W, C]
 * @param grid [H, W]
 * @param side side of the square; 1 changes nothing
 * @returns [B, H · W / side², side² · C]
 * @throws ModelError for tokens of another grid, or a grid that is no multiple of the side
 */
export function mergeTokens(x: Tensor, grid: Grid, side: number, fn = "models.mergeTokens"): Tensor {
  checkArguments(fn, ModelError, { x, grid }, { x: "tensor", grid: "list" });
  checkTokens(fn, x, grid, side);
  if (side === 1) return x;
  const [rows, columns] = grid;
  const [B, , C] = x.shape as [number, number, number];
  if (rows % side !== 0 || columns % side !== 0)
    throw new ModelError(fn, `the grid must be a multiple of merge ${side}`, [rows, columns]);
  // Four dimensions suffice, because rows of squares follow each other.
  const apart = tf.reshape(x, [(B * rows) / side, side, columns / side, side * C]);
  return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [B, (rows * columns) / side ** 2, side ** 2 * C]);
}

/**
 * Splits merged tokens again, the reverse of {@link mergeTokens}.
 *
 * @param x [B, H · W / side², side² · C]
 * @param grid [H, W], the grid after splitting
 * @param side side of the square
 * @returns [B, H · W, C]
 * @throws ModelError for tokens of another grid, or features that are no multiple of side²
 */
export function splitTokens(x: Tensor, grid: Grid, side: number): Tensor {
  const fn = "models.splitTokens";
  checkArguments(fn, ModelError, { x, grid }, { x: "tensor", grid: "list" });
  const [rows, columns] = grid;
  checkTokens(fn, x, [rows / side, columns / side], side);
  const [B, , features] = x.shape as [number, number, number];
  const C = features / side ** 2;
  if (!Number.isInteger(C)) throw new ModelError(fn, `features must be a multiple of ${side ** 2}`, features);
  const apart = tf.reshape(x, [(B * rows) / side, columns / side, side, side * C]);
  return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [B, rows * columns, C]);
}

function checkTokens(fn: string, { shape }: Tensor, [rows, columns]: Grid, side: number): void {
  if (!isWhole(side)) throw new ModelError(fn, "merge must be a whole number of at least 1", side);
  if (shape.length !== 3 || shape[1] !== rows * columns)
    throw new ModelError(fn, `tokens must be [B, ${rows * columns}, C]`, [...shape]);
}
