import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Prng } from "../../numeric/prng";
import { type Initializer, normal, zeros } from "../module/initializers";
import { checkLast } from "./linear";
import { NnError } from "../error";
import { Module } from "../module/module";
import { Parameter } from "../module/parameter";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of a {@link Conv1D}. */
export interface Conv1DOptions {
  /** Initial weight. Default: normal with deviation 0.02, as GPT-2. */
  weightInit?: Initializer;
  /** Generator of the initial values. Default: the shared generator. */
  random?: Prng;
}

const NAMES: OptionNames<Conv1DOptions> = { weightInit: true, random: true };

/** GPT-2's linear layer y = x W + b with W [in, out], b [out] (transformers' `Conv1D`); the weight is transposed. */
export class Conv1D extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  /** @throws NnError for an unknown option */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: Conv1DOptions = {},
  ) {
    super();
    checkArguments("nn.Conv1D", NnError, { inFeatures, outFeatures }, { inFeatures: "size", outFeatures: "size" });
    checkOptionNames("nn.Conv1D", options, NAMES, NnError);
    const { weightInit = normal(0, 0.02), random } = options;
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
