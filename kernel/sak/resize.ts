import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";

type Grid = readonly [rows: number, columns: number];

/**
 * Returns the matrix [from, to] of `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)` along one axis.
 */
function bilinear(from: number, to: number): Float32Array {
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(at));
    const share = at - low;
    matrix[low * to + i] += 1 - share;
    matrix[Math.min(from - 1, low + 1) * to + i] += share;
  }
  return matrix;
}

/**
 * Resizes maps as `torch.nn.functional.interpolate` does with `mode="bilinear"` and `align_corners=False`. Two products make
 * the gradient exact on every device.
 *
 * @param x [B, C, H, W]
 * @param grid rows and columns of the result
 * @returns [B, C, rows, columns]
 */
export function resizeBilinear(x: Tensor, [rows, columns]: Grid): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  if (H === rows && W === columns) return x;
  const wide = tf.matMul(tf.reshape(x, [B * C * H, W]), tf.tensor(bilinear(W, columns), [W, columns]));
  const turned = tf.transpose(tf.reshape(wide, [B, C, H, columns]), [0, 1, 3, 2]);
  const tall = tf.matMul(tf.reshape(turned, [B * C * columns, H]), tf.tensor(bilinear(H, rows), [H, rows]));
  return tf.transpose(tf.reshape(tall, [B, C, columns, rows]), [0, 1, 3, 2]);
}

/** Rearranges tokens [B, H · W, C] to maps [B, C, H, W]. */
export function mapsOf(tokens: Tensor, [H, W]: Grid): Tensor {
  const [B, , C] = tokens.shape as [number, number, number];
  return tf.transpose(tf.reshape(tokens, [B, H, W, C]), [0, 3, 1, 2]);
}

/** Rearranges maps [B, C, H, W] to tokens [B, H · W, C]. */
export function tokensOf(maps: Tensor): Tensor {
  const [B, C, H, W] = maps.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(maps, [0, 2, 3, 1]), [B, H * W, C]);
}
