import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { sharedRandom } from "../nn/module/random";
import { GroundingError } from "./error";
import type { BoxPredictions } from "../tasks/boxes/loss";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

/** Sizes of a {@link QueryDecoder}. */
export interface QueryDecoderOptions {
  /** Number of layers. */
  layers: number;
  /** Number of attention heads. */
  heads: number;
  /** Hidden width of the feed-forward layers. */
  hiddenFeatures: number;
  /** Dropout of attention weights, feed-forward layers and their outputs. */
  dropout: number;
}

const LAYER_NAMES: OptionNames<Omit<QueryDecoderOptions, "layers">> = {
  heads: true,
  hiddenFeatures: true,
  dropout: true,
};
const NAMES: OptionNames<QueryDecoderOptions> = { layers: true, ...LAYER_NAMES };

/** Tokens that queries look at. */
export interface Memory {
  /** Values [B, M, C]. */
  tokens: Tensor;
  /** Positions [1, M, C], which keys have and values lack. */
  positions: Tensor;
  /** [B, M], 1 for a token, 0 for padding. Default: no padding. */
  mask?: Tensor;
}

/**
 * Layer of DETR's decoder (arXiv 2005.12872, appendix A.3), with norms after the residuals: self-attention among queries, attention to
 * the memory, feed-forward layer. Positions are added to queries and keys, never to values.
 */
export class QueryDecoderLayer extends nn.Module {
  readonly selfAttn: nn.Attention;
  readonly norm1: nn.LayerNorm;
  readonly crossAttn: nn.Attention;
  readonly norm2: nn.LayerNorm;
  readonly mlp: nn.Mlp;
  readonly norm3: nn.LayerNorm;
  private readonly dropout: nn.Dropout;

  /** @throws GroundingError for an unknown option */
  constructor(features: number, options: Omit<QueryDecoderOptions, "layers">) {
    super();
    checkOptionNames("grounding.QueryDecoderLayer", options, LAYER_NAMES, GroundingError);
    const { heads, hiddenFeatures, dropout } = options;
    this.selfAttn = new nn.Attention(features, { heads, dropout });
    this.norm1 = new nn.LayerNorm(features);
    this.crossAttn = new nn.Attention(features, { heads, dropout });
    this.norm2 = new nn.LayerNorm(features);
    this.mlp = new nn.Mlp(features, { hiddenFeatures, activation: "relu", dropout });
    this.norm3 = new nn.LayerNorm(features);
    this.dropout = new nn.Dropout(dropout);
  }

  /**
   * Applies the layer.
   *
   * @param x [B, Q, C]
   * @param query positions of the queries, [B, Q, C] or [1, Q, C]
   * @returns [B, Q, C]
   */
  forward(x: Tensor, query: Tensor, { tokens, positions, mask }: Memory): Tensor {
    const own = this.selfAttn.forward(tf.add(x, query), { values: x });
    const first = this.norm1.forward(tf.add(x, this.dropout.forward(own)));
    const keys = tf.add(tokens, positions);
    const call = { context: keys, values: tokens, keyMask: mask };
    const seen = this.crossAttn.forward(tf.add(first, query), call);
    const second = this.norm2.forward(tf.add(first, this.dropout.forward(seen)));
    return this.norm3.forward(tf.add(second, this.dropout.forward(this.mlp.forward(second))));
  }
}

nn.allowCapture(QueryDecoderLayer, { whole: true, shared: ["positions"] });

/** Layers of DETR's decoder that start from zeros, with one norm on the output of every layer. */
export class QueryDecoder extends nn.Module {
  readonly layers: QueryDecoderLayer[];
  readonly norm: nn.LayerNorm;

  /** @throws GroundingError for an unknown option */
  constructor(features: number, options: QueryDecoderOptions) {
    super();
    checkOptionNames("grounding.QueryDecoder", options, NAMES, GroundingError);
    const { layers, ...each } = options;
    this.layers = Array.from({ length: layers }, () => new QueryDecoderLayer(features, each));
    this.norm = new nn.LayerNorm(features);
  }

  /**
   * Decodes queries.
   *
   * @param query positions of the queries, [B, Q, C]
   * @returns the normalized output of every layer, [B, Q, C] each
   */
  forward(query: Tensor, memory: Memory): Tensor[] {
    return this.outputs(query, memory).map((x) => this.norm.forward(x));
  }

  /** Decodes queries as {@link forward} and returns the normalized output of the last layer alone, [B, Q, C]. */
  last(query: Tensor, memory: Memory): Tensor {
    const outputs = this.outputs(query, memory);
    return this.norm.forward(outputs[outputs.length - 1]);
  }

  private outputs(query: Tensor, memory: Memory): Tensor[] {
    let x: Tensor = tf.zerosLike(query);
    return this.layers.map((layer) => (x = layer.forward(x, query, memory)));
  }

  /** Draws every weight of two or more dimensions from Xavier's uniform distribution, as DETR does. */
  initializeXavier(): this {
    for (const parameter of this.namedParameters().values())
      if (parameter.shape.length > 1) parameter.assign(nn.xavierUniform()(parameter.shape, sharedRandom()));
    return this;
  }
}

/** Layers that make logits and boxes of queries: one linear layer, and three with ReLU between and a sigmoid. */
export class BoxHeads extends nn.Module {
  readonly classes: nn.Linear;
  readonly box: nn.Linear[];

  constructor(readonly features: number) {
    super();
    checkArguments("grounding.BoxHeads", GroundingError, { features }, { features: "size" });
    this.classes = new nn.Linear(features, 2);
    this.box = [features, features, 4].map((outputs) => new nn.Linear(features, outputs));
  }

  /**
   * Predicts.
   *
   * @param x [B, Q, C]
   * @returns logits [B, Q, 2] and boxes [B, Q, 4]: center and size as shares of the picture
   */
  predict(x: Tensor): BoxPredictions {
    return { logits: this.classes.forward(x), boxes: tf.sigmoid(chain(this.box, x)) };
  }
}

/** Applies linear layers with ReLU between them. */
export const chain = (layers: readonly nn.Linear[], x: Tensor): Tensor =>
  layers.reduce((at, layer, i) => layer.forward(i ? tf.relu(at) : at), x);

nn.allowCapture(QueryDecoder);
nn.allowCapture(BoxHeads);
