import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { NnError } from "../error";
import { type Initializer, kaimingUniform, uniform } from "../module/initializers";
import { linear } from "./linear";
import { Module } from "../module/module";
import { Parameter } from "../module/parameter";

/**
 * Rearranges [B, C r², H, W] to [B, C, H r, W r] in PyTorch's order of channels (`torch.nn.functional.pixel_shuffle`).
 *
 * @throws NnError for channels that are no multiple of factor²
 */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  checkArguments("nn.pixelShuffle", NnError, { x }, { x: "tensor" });
  const [B, channels, H, W] = checkPicture("nn.pixelShuffle", x);
  const C = channels / factor ** 2;
  if (!Number.isInteger(C))
    throw new NnError("nn.pixelShuffle", `the channels must be a multiple of ${factor ** 2}`, channels);
  const apart = tf.reshape(x, [B, C, factor, factor, H, W]);
  return tf.reshape(tf.transpose(apart, [0, 1, 4, 2, 5, 3]), [B, C, H * factor, W * factor]);
}

/** Rearranges [B, C, H r, W r] to [B, C r², H, W], the reverse of {@link pixelShuffle}. */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  checkArguments("nn.pixelUnshuffle", NnError, { x }, { x: "tensor" });
  const [B, C, height, width] = checkPicture("nn.pixelUnshuffle", x);
  const [H, W] = checkGrid("nn.pixelUnshuffle", height, width, factor);
  const apart = tf.reshape(x, [B, C, H, factor, W, factor]);
  return tf.reshape(tf.transpose(apart, [0, 1, 3, 5, 2, 4]), [B, C * factor ** 2, H, W]);
}

/** Options of a {@link PatchEmbedding}. */
export interface PatchEmbeddingOptions {
  /** Number of channels. Default 3. */
  channels?: number;
  /** Add a bias. Default true. */
  bias?: boolean;
  /** Initializer of the weight. Default: that of {@link Linear}. */
  weightInit?: Initializer;
}

const OPTIONS: OptionNames<PatchEmbeddingOptions> = { channels: true, bias: true, weightInit: true };

/**
 * Patches of a picture as tokens: a convolution with stride = kernel, computed as a product, because no backend of tfjs
 * has all gradients of a convolution. Weight [features, channels, p, p], as in `torch.nn.Conv2d`.
 */
export class PatchEmbedding extends Module {
  readonly proj: PatchProjection;

  /** @throws NnError for an unknown option */
  constructor(
    readonly features: number,
    readonly patchSize: number,
    options: PatchEmbeddingOptions = {},
  ) {
    super();
    checkArguments("nn.PatchEmbedding", NnError, { features, patchSize }, { features: "size", patchSize: "size" });
    checkOptionNames("nn.PatchEmbedding", options, OPTIONS, NnError);
    const { channels = 3, bias = true, weightInit = kaimingUniform() } = options;
    this.proj = new PatchProjection(features, channels, patchSize, weightInit, bias);
  }

  /**
   * Embeds a picture's patches.
   *
   * @param x [B, channels, H, W]
   * @returns [B, H/p · W/p, features], row by row
   */
  forward(x: Tensor): Tensor {
    const [B, C, height, width] = checkPicture("nn.PatchEmbedding", x);
    const p = this.patchSize;
    const [H, W] = checkGrid("nn.PatchEmbedding", height, width, p);
    const patches = tf.transpose(tf.reshape(x, [B, C, H, p, W, p]), [0, 2, 4, 1, 3, 5]);
    return this.proj.forward(tf.reshape(patches, [B, H * W, C * p * p]));
  }
}

/** Weight of a convolution, applied to flat patches. */
export class PatchProjection extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(features: number, channels: number, patchSize: number, weightInit: Initializer, bias: boolean) {
    super();
    const bound = 1 / Math.sqrt(channels * patchSize ** 2);
    this.weight = new Parameter([features, channels, patchSize, patchSize], weightInit);
    this.bias = bias ? new Parameter([features], uniform(-bound, bound)) : null;
  }

  /** @param patches `[..., channels * patchSize²]` @returns `[..., features]` */
  forward(patches: Tensor): Tensor {
    return linear(patches, tf.reshape(this.weight.value, [this.weight.shape[0], -1]), this.bias?.value);
  }
}

function checkPicture(fn: string, x: Tensor): number[] {
  if (x.shape.length !== 4) throw new NnError(fn, "the input must be [B, C, H, W]", x.shape);
  return x.shape;
}

function checkGrid(fn: string, height: number, width: number, factor: number): [number, number] {
  const grid: [number, number] = [height / factor, width / factor];
  if (!grid.every(Number.isInteger))
    throw new NnError(fn, `height and width must be multiples of ${factor}`, [height, width]);
  return grid;
}
