import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { LoraError } from "./error";

/** Tests that no value is infinite or NaN. */
export async function isFinite(tensor: Tensor): Promise<boolean> {
  const all = tf.tidy(() => tf.all(tf.isFinite(tensor)));
  const [finite] = await all.data();
  all.dispose();
  return Boolean(finite);
}

/** @throws LoraError where a merged value is infinite or NaN */
export async function checkFinite(fn: string, path: string, tensors: readonly (Tensor | null)[]): Promise<void> {
  for (const tensor of tensors)
    if (tensor && !(await isFinite(tensor)))
      throw new LoraError(fn, "merged weights must be finite; nothing was merged", path);
}
