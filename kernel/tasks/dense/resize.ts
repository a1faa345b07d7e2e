import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import type { Grid } from "../../contracts/geometry";
import { tf } from "../../backend/tf";
import { TaskError } from "../error";
import { isWhole } from "../../rules/rule-error";
import { mapsOf, tokensOfMaps } from "./maps";

/**
 * Resizes [B, C, H, W] bilinearly as `torch.nn.functional.interpolate` with `align_corners=False`. Two products with matrices of
 * weights, because not every backend has the gradient of a resize.
 *
 * @param size height and width of the result
 * @throws TaskError for an input of another rank, or a size below 1
 */
export function resizeBilinear(x: Tensor, size: readonly [height: number, width: number]): Tensor {
  checkArguments("tasks.dense.resizeBilinear", TaskError, { x }, { x: "tensor" });
  if (x.shape.length !== 4)
    throw new TaskError("tasks.dense.resizeBilinear", "the input must be [B, C, H, W]", x.shape);
  if (!size.every((side) => isWhole(side)))
    throw new TaskError("tasks.dense.resizeBilinear", "sizes must be whole numbers of at least 1", [...size]);
  const [B, C, H, W] = x.shape;
  const [height, width] = size;
  if (H === height && W === width) return tf.clone(x);
  return tf.tidy(() => {
    const wide = tf.matMul(tf.reshape(x, [B * C * H, W]), weights(W, width));
    const turned = tf.transpose(tf.reshape(wide, [B * C, H, width]), [0, 2, 1]);
    const high = tf.matMul(tf.reshape(turned, [B * C * width, H]), weights(H, height));
    return tf.reshape(tf.transpose(tf.reshape(high, [B * C, width, height]), [0, 2, 1]), [B, C, height, width]);
  });
}

/** Largest number of weights of tokens in tokens: above, rows and columns one after the other cost less. */
const MOST_WEIGHTS = 2 ** 20;

/**
 * Resizes tokens [B, rows · columns, C] to another grid, as {@link resizeBilinear} resizes maps: one product with the weights of
 * each old token in each new one, without turning tokens into maps.
 */
export function resizeTokens(tokens: Tensor, from: Grid, to: Grid): Tensor {
  const [N, M] = [from[0] * from[1], to[0] * to[1]];
  if (from[0] === to[0] && from[1] === to[1]) return tf.clone(tokens);
  return tf.tidy(() => {
    if (N * M > MOST_WEIGHTS) return tokensOfMaps(resizeBilinear(mapsOf(tokens, from), to));
    const [rows, columns] = [bilinear(from[0], to[0]), bilinear(from[1], to[1])];
    const values = new Float32Array(M * N);
    rows.forEach((share, at) => {
      // A new row is a mean of two old ones: all others have no share.
      if (share === 0) return;
      const [old, row] = [Math.floor(at / to[0]) * from[1], (at % to[0]) * to[1]];
      for (let c = 0; c < from[1]; c++)
        for (let x = 0; x < to[1]; x++) values[(row + x) * N + old + c] = share * columns[c * to[1] + x];
    });
    return tf.matMul(tf.tensor3d(values, [1, M, N]), tokens);
  });
}

/** Returns the weights [from, to] of each old pixel in each new one. */
const weights = (from: number, to: number): Tensor => tf.tensor2d(bilinear(from, to), [from, to]);

function bilinear(from: number, to: number): Float32Array {
  const values = new Float32Array(from * to);
  for (let j = 0; j < to; j++) {
    const at = Math.max(0, ((j + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(at));
    const high = Math.min(from - 1, low + 1);
    values[low * to + j] += 1 - (at - low);
    values[high * to + j] += at - low;
  }
  return values;
}
