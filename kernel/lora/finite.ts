import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";

/** Tests that no value is infinite or NaN. */
export async function isFinite(tensor: Tensor): Promise<boolean> {
  const all = tf.tidy(() => tf.all(tf.isFinite(tensor)));
  const [finite] = await all.data();
  all.dispose();
  return Boolean(finite);
}
