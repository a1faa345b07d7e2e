import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Prng } from "../../numeric/prng";
import { NnError } from "../error";
import { type Initializer, kaimingUniform, uniform } from "../module/initializers";
import { Module } from "../module/module";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { convolution } from "./convolution";
import { operation } from "../operations/operation";
import { Parameter } from "../module/parameter";
import { isWhole } from "../../rules/rule-error";

/** Options of a {@link Conv2d}. */
export interface Conv2dOptions {
  /** Side of the square kernel, or rows and columns. */
  kernel: number | readonly [rows: number, columns: number];
  /** Pixels between neighbouring windows. Default 1. */
  stride?: number | readonly [rows: number, columns: number];
  /** Rows and columns of zeros on each side. Default 0. */
  padding?: number | readonly [rows: number, columns: number];
  /** Add a bias. Default true. */
  bias?: boolean;
  /** Initializer of the weight. Default {@link kaimingUniform} with a = √5, as in PyTorch. */
  weightInit?: Initializer;
  /** Generator of the initial values. Default: the shared generator. */
  random?: Prng;
}

const OPTIONS: OptionNames<Conv2dOptions> = {
  kernel: true,
  stride: true,
  padding: true,
  bias: true,
  weightInit: true,
  random: true,
};

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === "number" ? [value, value] : value;

/**
 * Convolution of pictures (`torch.nn.Conv2d` without groups and dilation). Weight [out, in, rows, columns].
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];

  /** @throws NnError for an unknown option, or a size that is no whole number */
  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    options: Conv2dOptions,
  ) {
    super();
    checkArguments("nn.Conv2d", NnError, { inChannels, outChannels }, { inChannels: "size", outChannels: "size" });
    checkOptionNames("nn.Conv2d", options, OPTIONS, NnError);
    const { kernel, stride = 1, padding = 0, bias = true, weightInit = kaimingUniform(), random } = options;
    this.kernel = checkPair("kernel", pair(kernel), 1);
    this.stride = checkPair("stride", pair(stride), 1);
    this.padding = checkPair("padding", pair(padding), 0);
    const bound = 1 / Math.sqrt(inChannels * this.kernel[0] * this.kernel[1]);
    this.weight = new Parameter([outChannels, inChannels, ...this.kernel], weightInit, random);
    this.bias = bias ? new Parameter([outChannels], uniform(-bound, bound), random) : null;
  }

  /**
   * Applies the convolution.
   *
   * @param x [B, in, H, W]
   * @returns [B, out, H', W'], H' = ⌊(H + 2 padding - kernel) / stride⌋ + 1
   * @throws NnError for another number of channels, or a picture smaller than the kernel
   */
  forward(x: Tensor): Tensor {
    return tf.transpose(this.channelsLast(x), [0, 3, 1, 2]);
  }

  /** Applies the convolution to x [B, in, H, W] and returns [B, H', W', out], the order of tokens. */
  channelsLast(x: Tensor): Tensor {
    this.check(x);
    const { kernel, stride, padding } = this;
    const inputs = { x, weight: this.weight.value, ...(this.bias && { bias: this.bias.value }) };
    return operation("FoveaConv2d", inputs, { kernel, stride, padding }, () =>
      convolution(x, this.weight.value, this.bias?.value ?? null, this),
    );
  }

  private check(x: Tensor): void {
    const [, channels, height, width] = x.shape;
    if (x.shape.length !== 4 || channels !== this.inChannels)
      throw new NnError("nn.Conv2d", `the input must be [B, ${this.inChannels}, H, W]`, x.shape);
    const fits = [height, width].every((size, i) => size + 2 * this.padding[i] >= this.kernel[i]);
    if (!fits) throw new NnError("nn.Conv2d", `the picture must hold a kernel of ${this.kernel.join(" x ")}`, x.shape);
  }
}

function checkPair(name: string, sizes: readonly [number, number], least: number): readonly [number, number] {
  if (!sizes.every((size) => isWhole(size, least)))
    throw new NnError("nn.Conv2d", `${name} must be whole numbers of at least ${least}`, [...sizes]);
  return sizes;
}
