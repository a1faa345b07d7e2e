import { TrainError } from "../error";
import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { fused } from "../../backend/fused";
import { tf } from "../../backend/tf";
import { together } from "./together";

/** Returns √ Σ g² over all gradients, a scalar. */
export function globalNorm(gradients: ReadonlyMap<string, Tensor>): Tensor {
  checkArguments("train.globalNorm", TrainError, { gradients }, { gradients: "map" });
  return tf.tidy(() => {
    const squares = together([...gradients.values()]).map(
      (group) => fused("sumOfSquares", group)?.[0] ?? tf.addN(group.map(squaredLength)),
    );
    return squares.length ? tf.sqrt(tf.addN(squares)) : tf.scalar(0);
  });
}

const squaredLength = (x: Tensor): Tensor => tf.sum(tf.square(x));

/** Returns the factor on every gradient that limits their norm to `limit` (`torch.nn.utils.clip_grad_norm_`). */
export function clipFactor(norm: number, limit: number): number {
  return Math.min(1, limit / (norm + 1e-6));
}

/** Multiplies the gradients by a number and frees the old tensors. */
export function scaleGradients(gradients: Map<string, Tensor>, factor: number): void {
  checkArguments("train.scaleGradients", TrainError, { factor }, { factor: "number" });
  if (factor === 1) return;
  for (const group of together([...gradients])) {
    const scaled = scaledTogether(
      group.map(([, gradient]) => gradient),
      factor,
    );
    group.forEach(([name, gradient], i) => {
      gradients.set(name, scaled[i]);
      gradient.dispose();
    });
  }
}

function scaledTogether(tensors: readonly Tensor[], factor: number): Tensor[] {
  return tf.tidy(() => {
    const number = tf.scalar(factor);
    return fused("scaled", [...tensors, number]) ?? tensors.map((tensor) => tf.mul(tensor, number));
  });
}

/** Adds gradients to a sum, which takes over tensors it lacks; the other added ones are freed. */
export function addGradients(sum: Map<string, Tensor>, added: ReadonlyMap<string, Tensor>): void {
  for (const [name, gradient] of added) {
    const before = sum.get(name);
    sum.set(name, before ? tf.add(before, gradient) : gradient);
    if (!before) continue;
    before.dispose();
    gradient.dispose();
  }
}
