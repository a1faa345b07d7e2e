import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { type AdaptableLayer, weightOf } from "../layers";

/**
 * Returns the length ‖W0 + Δ‖ of each output's row, [out], for an update [out, in]; runs inside the caller's `tf.tidy`.
 */
export function lengths(layer: AdaptableLayer, update: Tensor): Tensor {
  return tf.sqrt(tf.sum(tf.square(tf.add(weightOf(layer), update)), 1));
}

/**
 * Returns m / ‖W0 + Δ‖ with the gradient of m alone. The length counts as a constant (arXiv 2402.09353, section 4.3),
 * so the update is computed apart from the tape.
 */
export function lengthRatio(magnitude: Tensor, layer: AdaptableLayer, update: () => Tensor): Tensor {
  const divide = tf.customGrad((m, save) => {
    const norm = lengths(layer, update());
    (save as (tensors: Tensor[]) => void)([norm]);
    return { value: tf.div(m as Tensor, norm), gradFunc: (dy: Tensor, [norm]: Tensor[]) => tf.div(dy, norm) };
  });
  return divide(magnitude);
}
