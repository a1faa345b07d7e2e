import { checkArguments } from "../../rules/arguments";
import { allowCapture } from "../module/captured";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Prng } from "../../numeric/prng";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { NnError } from "../error";
import { fusedOperation } from "../operations/fused";
import { type Initializer, kaimingUniform, uniform } from "../module/initializers";
import { Module } from "../module/module";
import { Parameter } from "../module/parameter";

/** Options of a {@link Linear}. */
export interface LinearOptions {
  /** Add a bias. Default true. */
  bias?: boolean;
  /** Initializer of the weight. Default {@link kaimingUniform} with a = √5, as in PyTorch. */
  weightInit?: Initializer;
  /** Initializer of the bias. Default U(-1/√in, 1/√in), as in PyTorch. */
  biasInit?: Initializer;
  /** Generator of the initial values. Default: the shared generator. */
  random?: Prng;
}

const OPTIONS: OptionNames<LinearOptions> = { bias: true, weightInit: true, biasInit: true, random: true };

/** Linear layer y = x Wᵀ + b with W [out, in], b [out] (`torch.nn.Linear`). */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  /** @throws NnError for an unknown option */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    checkArguments("nn.Linear", NnError, { inFeatures, outFeatures }, { inFeatures: "size", outFeatures: "size" });
    checkOptionNames("nn.Linear", options, OPTIONS, NnError);
    const { bias = true, weightInit = kaimingUniform(), biasInit, random } = options;
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight = new Parameter([outFeatures, inFeatures], weightInit, random);
    this.bias = bias ? new Parameter([outFeatures], biasInit ?? uniform(-bound, bound), random) : null;
  }

  /**
   * Applies the layer.
   *
   * @param x [..., in]
   * @returns [..., out]
   */
  forward(x: Tensor): Tensor {
    checkLast("nn.Linear", x, this.inFeatures);
    return linear(x, this.weight.value, this.bias?.value);
  }
}

/** Returns x Wᵀ + b for x [..., in], W [out, in], b [out] (`torch.nn.functional.linear`). */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outFeatures, inFeatures] = weight.shape;
  // Two dimensions, because tfjs has no gradient of a broadcasting product.
  const rows = tf.reshape(x, [-1, inFeatures]);
  const y = bias ? withBias(rows, weight, bias) : tf.matMul(rows, weight as never, false, true);
  return tf.reshape(y, [...x.shape.slice(0, -1), outFeatures]);
}

function withBias(rows: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const y = fusedOperation({
    name: "linear",
    inputs: { rows, weight, bias },
    saved: () => [rows, weight],
    gradients: (dy, [rows, weight]) => ({
      rows: () => tf.matMul(dy, weight as never),
      weight: () => tf.matMul(dy, rows as never, true),
      bias: () => tf.sum(dy, 0),
    }),
  });
  return y ?? tf.add(tf.matMul(rows, weight as never, false, true), bias);
}

/** Checks the last dimension of a tensor. */
export function checkLast(fn: string, x: Tensor, size: number): void {
  if (x.shape[x.shape.length - 1] !== size) throw new NnError(fn, `the input must be [..., ${size}]`, x.shape);
}

allowCapture(Linear);
