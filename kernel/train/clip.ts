import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";

/** √ Σ g² over all gradients, a scalar. */
export function globalNorm(gradients: ReadonlyMap<string, Tensor>): Tensor {
  return tf.tidy(() => {
    const squares = [...gradients.values()].map((gradient) => tf.sum(tf.square(gradient)));
    return squares.length ? tf.sqrt(tf.addN(squares)) : tf.scalar(0);
  });
}

/** What every gradient is multiplied by so that their norm is at most `limit` (`torch.nn.utils.clip_grad_norm_`). */
export function clipFactor(norm: number, limit: number): number {
  return Math.min(1, limit / (norm + 1e-6));
}

/** The gradients times a number; the old tensors are freed. */
export function scaleGradients(gradients: Map<string, Tensor>, factor: number): void {
  if (factor === 1) return;
  for (const [name, gradient] of gradients) {
    gradients.set(name, tf.mul(gradient, factor));
    gradient.dispose();
  }
}

/** Adds gradients onto others, which take over tensors that they have not; the added ones are freed. */
export function addGradients(sum: Map<string, Tensor>, added: ReadonlyMap<string, Tensor>): void {
  for (const [name, gradient] of added) {
    const before = sum.get(name);
    sum.set(name, before ? tf.add(before, gradient) : gradient);
    if (!before) continue;
    before.dispose();
    gradient.dispose();
  }
}
