import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Prng } from "../prng";
import { NnError } from "./error";
import { type Initializer, kaimingUniform, uniform } from "./initializers";
import { Module } from "./module";
import { Parameter } from "./parameter";

export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
  /** Default {@link kaimingUniform} with a = √5, as PyTorch. */
  weightInit?: Initializer;
  /** Default U(-1/√in, 1/√in), as PyTorch. */
  biasInit?: Initializer;
  /** Default the shared generator. */
  random?: Prng;
}

/** y = x Wᵀ + b with W [out, in], b [out] (`torch.nn.Linear`). */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { bias = true, weightInit = kaimingUniform(), biasInit, random }: LinearOptions = {},
  ) {
    super();
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight = new Parameter([outFeatures, inFeatures], weightInit, random);
    this.bias = bias ? new Parameter([outFeatures], biasInit ?? uniform(-bound, bound), random) : null;
  }

  /** @param x [..., in] @returns [..., out] */
  forward(x: Tensor): Tensor {
    checkLast("nn.Linear", x, this.inFeatures);
    return linear(x, this.weight.value, this.bias?.value);
  }
}

/** x Wᵀ + b for x [..., in], W [out, in], b [out] (`torch.nn.functional.linear`). */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outFeatures, inFeatures] = weight.shape;
  // Two dimensions: tfjs has no gradient of a product that broadcasts.
  const rows = tf.reshape(x, [-1, inFeatures]);
  const product = tf.matMul(rows, weight as never, false, true);
  const y = bias ? tf.add(product, bias) : product;
  return tf.reshape(y, [...x.shape.slice(0, -1), outFeatures]);
}

/** Refuses a tensor whose last dimension is another. */
export function checkLast(fn: string, x: Tensor, size: number): void {
  if (x.shape[x.shape.length - 1] !== size) throw new NnError(fn, `the input must be [..., ${size}]`, x.shape);
}
