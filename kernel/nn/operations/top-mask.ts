import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";

/**
 * Returns 1 at exactly `count` entries of each row, the largest and of equal ones the first, and 0 elsewhere. Comparisons have no
 * gradient: use it within `tf.customGrad`.
 *
 * @param x `[N, E]`
 * @returns `[N, E]`
 */
export const topMask = (x: Tensor, count: number): Tensor => tf.cast(tf.less(entriesBefore(x), count), "float32");

/** Returns the number of entries of the row that come before each one, from the largest to the smallest. */
function entriesBefore(x: Tensor): Tensor {
  const [N, E] = x.shape as [number, number];
  const own = tf.reshape(x, [N, E, 1]);
  const other = tf.reshape(x, [N, 1, E]);
  const earlier = tf.tensor(
    Float32Array.from({ length: E * E }, (_, i) => Number(i % E < Math.floor(i / E))),
    [1, E, E],
  );
  const larger = tf.cast(tf.greater(other, own), "float32");
  const equal = tf.cast(tf.equal(other, own), "float32");
  return tf.sum(tf.add(larger, tf.mul(equal, earlier)), 2);
}
