import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { topMask } from "../../nn/operations/top-mask";
import type { Gate } from "../config";

/** Opens the units of Dual-LoRA's skill space: gate(t) for t = T x [N, r]. */
export function gateOf(gate: Exclude<Gate, "none">, blocks: number, t: Tensor): Tensor {
  switch (gate) {
    case "relu":
      return tf.relu(t);
    case "sigmoid":
      return tf.sigmoid(t);
    case "softmax-blocks": {
      const [rows, units] = t.shape;
      return tf.reshape(softmax(tf.reshape(t, [rows, blocks, units / blocks])), [rows, units]);
    }
    default:
      return gate satisfies never;
  }
}

/**
 * Softmax over the second dimension, or over its `topK` largest entries where given. Its gradient is g (dy - Σ g dy) in
 * both cases, because omitted entries have g = 0.
 */
export function softmax(x: Tensor, topK?: number): Tensor {
  const operation = tf.customGrad((x, save) => {
    const logits = x as Tensor;
    const powers = tf.exp(tf.sub(logits, tf.max(logits, 1, true)));
    const kept = topK === undefined ? powers : tf.mul(powers, topMask(logits, topK));
    const value = tf.div(kept, tf.sum(kept, 1, true));
    (save as (tensors: Tensor[]) => void)([value]);
    const gradFunc = (dy: Tensor, [g]: Tensor[]): Tensor => tf.mul(g, tf.sub(dy, tf.sum(tf.mul(g, dy), 1, true)));
    return { value, gradFunc };
  });
  return operation(x);
}
