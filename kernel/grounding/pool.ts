import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";

/** Value of padding in a maximum, below every feature. */
const HIDDEN = -1e9;

/**
 * Returns the largest value of each channel over tokens: [B, 1, C]. Padding takes no part.
 *
 * @param text [B, L, C]
 * @param mask [B, L], 1 for a token, 0 for padding
 */
export function maskedMaxPool(text: Tensor, mask: Tensor): Tensor {
  return tf.tidy(() => {
    const kept = tf.expandDims(tf.cast(mask, "float32"), 2);
    // A product first, so that values of padding reach neither value nor gradient.
    const hidden = tf.add(tf.mul(text, kept), tf.mul(tf.sub(1, kept), HIDDEN));
    return largest(hidden);
  });
}

/** Returns the largest values over the second dimension. Its gradient, unlike tfjs's, needs no comparison, which a graph cannot hold. */
function largest(x: Tensor): Tensor {
  const operation = tf.customGrad((x, save) => {
    const value = tf.max(x as Tensor, 1, true);
    (save as (tensors: Tensor[]) => void)([x as Tensor, value]);
    const gradFunc = (dy: Tensor, [x, value]: Tensor[]): Tensor => tf.mul(dy, tf.sub(1, tf.step(tf.sub(value, x))));
    return { value, gradFunc };
  });
  return operation(x);
}

/**
 * Pools as SimVG's release, whose mask of whole numbers becomes the places -1 and -2: the last word, and the one before it where the
 * phrase has padding. Returns [B, 1, C].
 */
export function legacyMaxPool(text: Tensor, mask: Tensor): Tensor {
  return tf.tidy(() => {
    const [B, L, C] = text.shape as [number, number, number];
    const last = tf.slice(text, [0, L - 1, 0], [B, 1, C]);
    if (L === 1) return last;
    const before = tf.slice(text, [0, L - 2, 0], [B, 1, C]);
    const full = tf.reshape(tf.min(tf.cast(mask, "float32"), 1), [B, 1, 1]);
    return tf.add(tf.mul(full, last), tf.mul(tf.sub(1, full), tf.maximum(last, before)));
  });
}
