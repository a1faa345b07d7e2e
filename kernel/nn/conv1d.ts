import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Prng } from "../prng";
import { type Initializer, normal, zeros } from "./initializers";
import { checkLast } from "./linear";
import { Module } from "./module";
import { Parameter } from "./parameter";

/** GPT-2's linear layer y = x W + b with W [in, out], b [out] (transformers' `Conv1D`); the weight is transposed. */
export class Conv1D extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { weightInit = normal(0, 0.02), random }: { weightInit?: Initializer; random?: Prng } = {},
  ) {
    super();
    this.weight = new Parameter([inFeatures, outFeatures], weightInit, random);
    this.bias = new Parameter([outFeatures], zeros);
  }

  /**
   * Applies the layer.
   *
   * @param x [..., in]
   * @returns [..., out]
   */
  forward(x: Tensor): Tensor {
    checkLast("nn.Conv1D", x, this.inFeatures);
    const rows = tf.reshape(x, [-1, this.inFeatures]);
    const y = tf.add(tf.matMul(rows, this.weight.value as never), this.bias.value);
    return tf.reshape(y, [...x.shape.slice(0, -1), this.outFeatures]);
  }
}
