import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { ones, zeros } from "../../nn/module/initializers";
import { checkLast } from "../../nn/layers/linear";
import { Module } from "../../nn/module/module";
import { Parameter } from "../../nn/module/parameter";
import { TaskError } from "../error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of a {@link BatchNorm}. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Share of a batch in the running statistics. Default 0.1. */
  momentum?: number;
}

const FN = "tasks.dense.BatchNorm";
const NAMES: OptionNames<BatchNormOptions> = { eps: true, momentum: true };

/**
 * Batch norm over the last dimension (`torch.nn.BatchNorm2d` on pictures whose channels come last). In training it uses the
 * statistics of the batch and moves the running ones, which evaluation uses. These are parameters without gradient, so that
 * checkpoints hold them; a frozen weight freezes them too.
 */
export class BatchNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Parameter;
  readonly runningVar: Parameter;
  private readonly eps: number;
  private readonly momentum: number;

  /** @throws TaskError for an unknown option */
  constructor(
    readonly features: number,
    options: BatchNormOptions = {},
  ) {
    super();
    checkArguments("tasks.dense.BatchNorm", TaskError, { features }, { features: "size" });
    checkOptionNames(FN, options, NAMES, TaskError);
    const { eps = 1e-5, momentum = 0.1 } = options;
    this.eps = eps;
    this.momentum = momentum;
    this.weight = new Parameter([features], ones);
    this.bias = new Parameter([features], zeros);
    this.runningMean = new Parameter([features], zeros);
    this.runningVar = new Parameter([features], ones);
    this.runningMean.trainable = this.runningVar.trainable = false;
  }

  /**
   * Applies the layer.
   *
   * @param x [..., features]
   */
  forward(x: Tensor): Tensor {
    checkLast(FN, x, this.features);
    const rows = tf.reshape(x, [-1, this.features]);
    const { mean, variance } = this.training && this.weight.trainable ? this.measure(rows) : this.known();
    const normalized = tf.mul(tf.sub(rows, mean), tf.rsqrt(tf.add(variance, this.eps)));
    return tf.reshape(tf.add(tf.mul(normalized, this.weight.value), this.bias.value), x.shape);
  }

  private known(): { mean: Tensor; variance: Tensor } {
    return { mean: this.runningMean.value, variance: this.runningVar.value };
  }

  private measure(rows: Tensor): { mean: Tensor; variance: Tensor } {
    const mean = tf.mean(rows, 0);
    const variance = tf.mean(tf.square(tf.sub(rows, mean)), 0);
    const count = rows.shape[0];
    this.move(this.runningMean, mean);
    // The running variance is the unbiased one, as in PyTorch.
    this.move(this.runningVar, tf.mul(variance, count / Math.max(1, count - 1)));
    return { mean, variance };
  }

  private move(running: Parameter, value: Tensor): void {
    const { momentum } = this;
    running.assign(tf.add(tf.mul(running.value, 1 - momentum), tf.mul(value, momentum)));
  }
}
