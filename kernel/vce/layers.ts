import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { DeformableAttention } from "../nn";

/** Deformable attention over levels of one encoder, which also tells how much of the attention each level gets. */
export class LevelAttention extends DeformableAttention {
  /**
   * Returns each level's share for every query and head, summing to 1 over the levels.
   *
   * @param query [B, N, features]
   * @returns [B, N, heads, levels]
   */
  shares(query: Tensor): Tensor {
    const { heads, levels, points } = this;
    const [images, tokens] = query.shape;
    const scores = tf.reshape(this.attentionWeights.forward(query), [-1, levels * points]);
    return tf.sum(tf.reshape(tf.softmax(scores), [images, tokens, heads, levels, points]), 4);
  }
}
