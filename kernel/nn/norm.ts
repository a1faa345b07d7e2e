import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { ones, zeros } from "./initializers";
import { checkLast } from "./linear";
import { Module } from "./module";
import { Parameter } from "./parameter";

/** Layer norm y = γ (x - mean) / √(var + eps) + β over the last dimension (`torch.nn.LayerNorm`), with var by 1/n. */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly eps: number;

  constructor(
    readonly features: number,
    { eps = 1e-5 }: { eps?: number } = {},
  ) {
    super();
    this.eps = eps;
    this.weight = new Parameter([features], ones);
    this.bias = new Parameter([features], zeros);
  }

  /**
   * Applies the layer.
   *
   * @param x [..., features]
   */
  forward(x: Tensor): Tensor {
    checkLast("nn.LayerNorm", x, this.features);
    return layerNorm(x, this.weight.value, this.bias.value, this.eps);
  }
}

/**
 * Normalises over the last dimension. One operation with the gradient dx = (g - mean(g) - x̂ mean(g x̂)) / √(var +
 * eps), g = γ dy, replaces eight operations on the tape. x is [..., D], weight and bias [D].
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  const last = x.shape.length - 1;
  const operation = tf.customGrad((x, weight, bias, save) => {
    const { normalized, scale } = normalize(x as Tensor, last, eps);
    (save as (tensors: Tensor[]) => void)([normalized, scale, weight as Tensor]);
    const value = tf.add(tf.mul(normalized, weight as Tensor), bias as Tensor);
    const gradFunc = (dy: Tensor, [normalized, scale, weight]: Tensor[]): Tensor[] => {
      const g = tf.mul(dy, weight);
      const along = tf.mul(normalized, tf.mean(tf.mul(g, normalized), last, true));
      const dx = tf.mul(scale, tf.sub(tf.sub(g, tf.mean(g, last, true)), along));
      return [dx, sumRows(tf.mul(dy, normalized)), sumRows(dy)];
    };
    return { value, gradFunc };
  });
  return operation(x, weight, bias);
}

function normalize(x: Tensor, axis: number, eps: number): { normalized: Tensor; scale: Tensor } {
  const centered = tf.sub(x, tf.mean(x, axis, true));
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centered), axis, true), eps));
  return { normalized: tf.mul(centered, scale), scale };
}

/** RMS norm y = γ x / √(mean(x²) + eps) over the last dimension (`torch.nn.RMSNorm`; arXiv 1910.07467). */
export class RMSNorm extends Module {
  readonly weight: Parameter;
  readonly eps: number;

  constructor(
    readonly features: number,
    { eps = 1e-6 }: { eps?: number } = {},
  ) {
    super();
    this.eps = eps;
    this.weight = new Parameter([features], ones);
  }

  /**
   * Applies the layer.
   *
   * @param x [..., features]
   */
  forward(x: Tensor): Tensor {
    checkLast("nn.RMSNorm", x, this.features);
    return rmsNorm(x, this.weight.value, this.eps);
  }
}

/**
 * Normalises by the root mean square over the last dimension, with dx = (g - x̂ mean(g x̂)) / rms, g = γ dy. x is
 * [..., D], weight [D].
 */
export function rmsNorm(x: Tensor, weight: Tensor, eps = 1e-6): Tensor {
  const last = x.shape.length - 1;
  const operation = tf.customGrad((x, weight, save) => {
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x as Tensor), last, true), eps));
    const normalized = tf.mul(x as Tensor, scale);
    (save as (tensors: Tensor[]) => void)([normalized, scale, weight as Tensor]);
    const gradFunc = (dy: Tensor, [normalized, scale, weight]: Tensor[]): Tensor[] => {
      const g = tf.mul(dy, weight);
      const along = tf.mul(normalized, tf.mean(tf.mul(g, normalized), last, true));
      return [tf.mul(scale, tf.sub(g, along)), sumRows(tf.mul(dy, normalized))];
    };
    return { value: tf.mul(normalized, weight as Tensor), gradFunc };
  });
  return operation(x, weight);
}

/** Returns the sum over all dimensions but the last. */
function sumRows(x: Tensor): Tensor {
  return tf.sum(tf.reshape(x, [-1, x.shape[x.shape.length - 1]]), 0);
}
