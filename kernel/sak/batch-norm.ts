import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";

/**
 * Batch norm over the last dimension (`torch.nn.BatchNorm2d` on channels-last maps): statistics of the batch in training,
 * running ones in evaluation. The running ones are parameters that no loss reaches, so that checkpoints keep them.
 */
export class BatchNorm extends nn.Module {
  readonly weight: nn.Parameter;
  readonly bias: nn.Parameter;
  readonly runningMean: nn.Parameter;
  readonly runningVar: nn.Parameter;
  readonly eps: number;
  readonly momentum: number;

  constructor(
    readonly features: number,
    { eps = 1e-5, momentum = 0.1 }: { eps?: number; momentum?: number } = {},
  ) {
    super();
    this.eps = eps;
    this.momentum = momentum;
    this.weight = new nn.Parameter([features], nn.ones);
    this.bias = new nn.Parameter([features], nn.zeros);
    this.runningMean = new nn.Parameter([features], nn.zeros);
    this.runningVar = new nn.Parameter([features], nn.ones);
    this.runningMean.trainable = this.runningVar.trainable = false;
  }

  /** @param x `[..., features]` @returns `[..., features]` */
  forward(x: Tensor): Tensor {
    if (!this.training) return this.scaled(tf.sub(x, this.runningMean.value), this.runningVar.value);
    const rows = tf.reshape(x, [-1, this.features]);
    const mean = tf.mean(rows, 0);
    const centered = tf.sub(rows, mean);
    const variance = tf.mean(tf.square(centered), 0);
    this.remember(nn.stopGradient(mean), nn.stopGradient(variance), rows.shape[0] as number);
    return tf.reshape(this.scaled(centered, variance), x.shape);
  }

  private scaled(centered: Tensor, variance: Tensor): Tensor {
    const factor = tf.mul(this.weight.value, tf.rsqrt(tf.add(variance, this.eps)));
    return tf.add(tf.mul(centered, factor), this.bias.value);
  }

  /** Moves the running statistics; the running variance counts n - 1, as in PyTorch. */
  private remember(mean: Tensor, variance: Tensor, count: number): void {
    const unbiased = tf.mul(variance, count / Math.max(1, count - 1));
    for (const [running, now] of [
      [this.runningMean, mean],
      [this.runningVar, unbiased],
    ] as const)
      running.assign(tf.add(tf.mul(running.value, 1 - this.momentum), tf.mul(now, this.momentum)));
  }
}
