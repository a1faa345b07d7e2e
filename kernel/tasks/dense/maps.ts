import type { Grid } from "../../contracts/geometry";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";

/** Rearranges tokens [B, H · W, C] to maps [B, C, H, W]. */
export function mapsOf(tokens: Tensor, [H, W]: Grid): Tensor {
  const [B, , C] = tokens.shape as [number, number, number];
  return tf.transpose(tf.reshape(tokens, [B, H, W, C]), [0, 3, 1, 2]);
}

/** Rearranges maps [B, C, H, W] to tokens [B, H · W, C]. */
export function tokensOfMaps(maps: Tensor): Tensor {
  const [B, C, H, W] = maps.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(maps, [0, 2, 3, 1]), [B, H * W, C]);
}
