import { checkArguments } from "../../rules/arguments";
import { allowCapture } from "../module/captured";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { NnError } from "../error";
import { fusedOperation, fusedOr } from "../operations/fused";
import { ones, zeros } from "../module/initializers";
import { checkLast } from "./linear";
import { Module } from "../module/module";
import { Parameter } from "../module/parameter";

/** Options of a {@link LayerNorm} or {@link RMSNorm}. */
export interface NormOptions {
  /** Added to the variance, or to the mean square. Default 1e-5 of a layer norm, 1e-6 of an RMS norm. */
  eps?: number;
}

const OPTIONS: OptionNames<NormOptions> = { eps: true };

function epsOf(where: string, options: NormOptions, usual: number): number {
  checkOptionNames(where, options, OPTIONS, NnError);
  return options.eps ?? usual;
}

/** Layer norm y = γ (x - mean) / √(var + eps) + β over the last dimension (`torch.nn.LayerNorm`), with var by 1/n. */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly eps: number;

  /** @throws NnError for an unknown option */
  constructor(
    readonly features: number,
    options: NormOptions = {},
  ) {
    super();
    checkArguments("nn.LayerNorm", NnError, { features }, { features: "size" });
    this.eps = epsOf("nn.LayerNorm", options, 1e-5);
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
  return fusedLayerNorm(x, weight, bias, eps) ?? composedLayerNorm(x, weight, bias, eps);
}

function composedLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  const operation = tf.customGrad((x, weight, bias, save) => {
    const { normalized, scale } = normalize(x as Tensor, eps);
    (save as (tensors: Tensor[]) => void)([normalized, scale, weight as Tensor]);
    const value = tf.add(tf.mul(normalized, weight as Tensor), bias as Tensor);
    const gradFunc = (dy: Tensor, [normalized, scale, weight]: Tensor[]): Tensor[] => [
      inputGradient(tf.mul(dy, weight), normalized, scale),
      sumRows(tf.mul(dy, normalized)),
      sumRows(dy),
    ];
    return { value, gradFunc };
  });
  return operation(x, weight, bias);
}

function fusedLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor | null {
  return fusedOperation({
    name: "layerNorm",
    inputs: { x, weight, bias },
    attrs: { eps },
    saved: () => [x, weight],
    gradients: (dy, [x, weight]) => ({
      x: () =>
        fusedOr("layerNorm/x", [dy, x, weight], { eps }, () => {
          const { normalized, scale } = normalize(x, eps);
          return inputGradient(tf.mul(dy, weight), normalized, scale);
        }),
      weight: () =>
        fusedOr("layerNorm/weight", [dy, x], { eps }, () => sumRows(tf.mul(dy, normalize(x, eps).normalized))),
      bias: () => sumRows(dy),
    }),
  });
}

function inputGradient(g: Tensor, normalized: Tensor, scale: Tensor): Tensor {
  const along = tf.mul(normalized, tf.mean(tf.mul(g, normalized), -1, true));
  return tf.mul(scale, tf.sub(tf.sub(g, tf.mean(g, -1, true)), along));
}

function normalize(x: Tensor, eps: number): { normalized: Tensor; scale: Tensor } {
  const centered = tf.sub(x, tf.mean(x, -1, true));
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), eps));
  return { normalized: tf.mul(centered, scale), scale };
}

/** RMS norm y = γ x / √(mean(x²) + eps) over the last dimension (`torch.nn.RMSNorm`; arXiv 1910.07467). */
export class RMSNorm extends Module {
  readonly weight: Parameter;
  readonly eps: number;

  /** @throws NnError for an unknown option */
  constructor(
    readonly features: number,
    options: NormOptions = {},
  ) {
    super();
    checkArguments("nn.RMSNorm", NnError, { features }, { features: "size" });
    this.eps = epsOf("nn.RMSNorm", options, 1e-6);
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
  return fusedRmsNorm(x, weight, eps) ?? composedRmsNorm(x, weight, eps);
}

function composedRmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
  const operation = tf.customGrad((x, weight, save) => {
    const scale = rootMeanSquare(x as Tensor, eps);
    const normalized = tf.mul(x as Tensor, scale);
    (save as (tensors: Tensor[]) => void)([normalized, scale, weight as Tensor]);
    const gradFunc = (dy: Tensor, [normalized, scale, weight]: Tensor[]): Tensor[] => [
      rmsInputGradient(tf.mul(dy, weight), normalized, scale),
      sumRows(tf.mul(dy, normalized)),
    ];
    return { value: tf.mul(normalized, weight as Tensor), gradFunc };
  });
  return operation(x, weight);
}

function fusedRmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor | null {
  return fusedOperation({
    name: "rmsNorm",
    inputs: { x, weight },
    attrs: { eps },
    gradients: (dy, [x, weight]) => ({
      x: () =>
        fusedOr("rmsNorm/x", [dy, x, weight], { eps }, () => {
          const scale = rootMeanSquare(x, eps);
          return rmsInputGradient(tf.mul(dy, weight), tf.mul(x, scale), scale);
        }),
      weight: () =>
        fusedOr("rmsNorm/weight", [dy, x], { eps }, () => sumRows(tf.mul(dy, tf.mul(x, rootMeanSquare(x, eps))))),
    }),
  });
}

/** Returns 1 / √(mean(x²) + eps). */
const rootMeanSquare = (x: Tensor, eps: number): Tensor => tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));

function rmsInputGradient(g: Tensor, normalized: Tensor, scale: Tensor): Tensor {
  const along = tf.mul(normalized, tf.mean(tf.mul(g, normalized), -1, true));
  return tf.mul(scale, tf.sub(g, along));
}

/** Returns the sum over all dimensions but the last. */
function sumRows(x: Tensor): Tensor {
  return tf.sum(tf.reshape(x, [-1, x.shape[x.shape.length - 1]]), 0);
}

allowCapture(LayerNorm, { recipe: ({ eps }) => String(eps) });
allowCapture(RMSNorm, { recipe: ({ eps }) => String(eps) });
