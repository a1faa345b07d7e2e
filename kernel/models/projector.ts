import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { ModelError } from "./error";

/** Options of a {@link Projector}. */
export interface ProjectorOptions {
  /** Side of the square of neighbouring tokens that become one, with concatenated features. Default 1. */
  merge?: number;
}

/**
 * Linear → GELU → Linear from an encoder's tokens into a language model's space, as LLaVA-1.5's `mlp2x_gelu` (arXiv
 * 2310.03744). `merge` 2 first makes a quarter of the tokens, four times as wide (arXiv 2404.16821).
 */
export class Projector extends nn.Module {
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;
  readonly merge: number;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { merge = 1 }: ProjectorOptions = {},
  ) {
    super();
    if (!Number.isInteger(merge) || merge < 1)
      throw new ModelError("models.Projector", "merge must be a whole number of at least 1", merge);
    this.merge = merge;
    this.fc1 = new nn.Linear(inFeatures * merge ** 2, outFeatures);
    this.fc2 = new nn.Linear(outFeatures, outFeatures);
  }

  /**
   * Projects tokens.
   *
   * @param x [B, H · W, in]
   * @param grid [H, W]
   * @returns [B, H · W / merge², out]
   */
  forward(x: Tensor, grid: readonly [rows: number, columns: number]): Tensor {
    return this.fc2.forward(nn.gelu(this.fc1.forward(mergeTokens(x, grid, this.merge))));
  }
}

/** Merges each square of neighbouring tokens into one, row by row. */
function mergeTokens(x: Tensor, [rows, columns]: readonly [number, number], side: number): Tensor {
  if (side === 1) return x;
  const [B, , C] = x.shape;
  if (rows % side !== 0 || columns % side !== 0)
    throw new ModelError("models.Projector", `the grid must be a multiple of merge ${side}`, [rows, columns]);
  // Four dimensions suffice, because rows of squares follow each other.
  const apart = tf.reshape(x, [(B * rows) / side, side, columns / side, side * C]);
  return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [B, (rows * columns) / side ** 2, side ** 2 * C]);
}
