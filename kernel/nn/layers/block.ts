import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { activate, type Activation, silu } from "./activations";
import { Attention, type AttentionCall, type AttentionOptions } from "./attention";
import { Dropout } from "./dropout";
import { allowCapture } from "../module/captured";
import { NnError } from "../error";
import { constant } from "../module/initializers";
import { Linear } from "./linear";
import { Module } from "../module/module";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { LayerNorm } from "./norm";
import { Parameter } from "../module/parameter";

/** Options of an {@link Mlp}. */
export interface MlpOptions {
  /** Number of hidden features. Default 4 × features. */
  hiddenFeatures?: number;
  /** Number of output features. Default `features`. */
  outFeatures?: number;
  /** Activation. Default `gelu`, exact. */
  activation?: Activation;
  /** Biases of both layers. Default true. */
  bias?: boolean;
  /** Dropout after the activation. Default 0. */
  dropout?: number;
}

const MLP: OptionNames<MlpOptions> = {
  hiddenFeatures: true,
  outFeatures: true,
  activation: true,
  bias: true,
  dropout: true,
};

/** Feed-forward layer fc2(dropout(activation(fc1(x)))), as in a vision transformer. */
export class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly activation: Activation;
  private readonly dropout: Dropout;

  /** @throws NnError for an unknown option */
  constructor(
    readonly features: number,
    options: MlpOptions = {},
  ) {
    super();
    checkArguments("nn.Mlp", NnError, { features }, { features: "size" });
    checkOptionNames("nn.Mlp", options, MLP, NnError);
    const { hiddenFeatures = 4 * features, outFeatures = features } = options;
    const { activation = "gelu", bias = true, dropout = 0 } = options;
    this.activation = activation;
    this.fc1 = new Linear(features, hiddenFeatures, { bias });
    this.fc2 = new Linear(hiddenFeatures, outFeatures, { bias });
    this.dropout = new Dropout(dropout);
  }

  /**
   * Applies the layer.
   *
   * @param x [..., features]
   */
  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.dropout.forward(activate(this.fc1.forward(x), this.activation)));
  }
}

/** Options of a {@link SwiGlu}. */
export interface SwiGluOptions {
  /** Hidden width. Default: four times the features. */
  hiddenFeatures?: number;
  /** Biases of the three layers. Default false. */
  bias?: boolean;
}

const SWIGLU_NAMES: OptionNames<SwiGluOptions> = { hiddenFeatures: true, bias: true };

/**
 * Gated feed-forward layer down_proj(silu(gate_proj(x)) ⊙ up_proj(x)) (SwiGLU, arXiv 2002.05202, with Llama's names).
 */
export class SwiGlu extends Module {
  readonly gateProj: Linear;
  readonly upProj: Linear;
  readonly downProj: Linear;

  /** @throws NnError for an unknown option */
  constructor(
    readonly features: number,
    options: SwiGluOptions = {},
  ) {
    super();
    checkArguments("nn.SwiGlu", NnError, { features }, { features: "size" });
    checkOptionNames("nn.SwiGlu", options, SWIGLU_NAMES, NnError);
    const { hiddenFeatures = 4 * features, bias = false } = options;
    this.gateProj = new Linear(features, hiddenFeatures, { bias });
    this.upProj = new Linear(features, hiddenFeatures, { bias });
    this.downProj = new Linear(hiddenFeatures, features, { bias });
  }

  /**
   * Applies the layer.
   *
   * @param x [..., features]
   */
  forward(x: Tensor): Tensor {
    return this.downProj.forward(tf.mul(silu(this.gateProj.forward(x)), this.upProj.forward(x)));
  }
}

/** Scale y = γ x with one factor per feature (arXiv 2103.17239). */
export class LayerScale extends Module {
  readonly gamma: Parameter;

  constructor(features: number, initial = 1e-5) {
    super();
    checkArguments("nn.LayerScale", NnError, { features }, { features: "size" });
    this.gamma = new Parameter([features], constant(initial));
  }

  /** Applies the scale. x [..., features]. */
  forward(x: Tensor): Tensor {
    return tf.mul(x, this.gamma.value);
  }
}

/** Options of a {@link Block}. */
export interface BlockOptions extends AttentionOptions {
  /** Number of hidden features. Default 4 × features. */
  hiddenFeatures?: number;
  /** Activation of the feed-forward layer. Default `gelu`. */
  activation?: Activation;
  /** Initial value of both layer scales. Default: no layer scale. */
  layerScale?: number;
  /** Epsilon of the layer norms. Default 1e-6. */
  eps?: number;
}

/** Pre-norm transformer block: x + ls1(attn(norm1(x))), then x + ls2(mlp(norm2(x))), with timm's names. */
export class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly ls1: LayerScale | null;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly ls2: LayerScale | null;

  constructor(
    readonly features: number,
    { hiddenFeatures, activation, layerScale, eps = 1e-6, ...attention }: BlockOptions,
  ) {
    super();
    const scale = (): LayerScale | null => (layerScale === undefined ? null : new LayerScale(features, layerScale));
    this.norm1 = new LayerNorm(features, { eps });
    this.attn = new Attention(features, attention);
    this.ls1 = scale();
    this.norm2 = new LayerNorm(features, { eps });
    this.mlp = new Mlp(features, { hiddenFeatures, activation, dropout: attention.dropout });
    this.ls2 = scale();
  }

  /**
   * Applies the block.
   *
   * @param x [B, N, features]
   */
  forward(x: Tensor, call: AttentionCall = {}): Tensor {
    const attended = this.attn.forward(this.norm1.forward(x), call);
    const first = tf.add(x, this.ls1?.forward(attended) ?? attended);
    const computed = this.mlp.forward(this.norm2.forward(first));
    return tf.add(first, this.ls2?.forward(computed) ?? computed);
  }
}

allowCapture(Mlp, { recipe: ({ activation }) => activation });
allowCapture(SwiGlu);
allowCapture(LayerScale);
allowCapture(Block, { whole: true });
