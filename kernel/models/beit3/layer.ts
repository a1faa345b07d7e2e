import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import { attentionWeights } from "../../nn/layers/attention";
import type { FullBeit3Config } from "./config";

/** Two copies of a layer: A for tokens of the picture, B for those of the text (BEiT-3, arXiv 2208.10442, section 2.1). */
export class Multiway<M extends nn.Layer> extends nn.Module {
  readonly A: M;
  readonly B: M;

  constructor(make: () => M) {
    super();
    this.A = make();
    this.B = make();
  }

  /**
   * Applies A to the first tokens and B to the others.
   *
   * @param x [B, N, features]
   * @param split number of tokens of the picture
   */
  forward(x: Tensor, split: number): Tensor {
    const count = x.shape[1] as number;
    const [image, text] = tf.split(x, [split, count - split], 1);
    return tf.concat([this.A.forward(image), this.B.forward(text)], 1);
  }
}

/** Inputs of one call of a {@link Beit3Layer}. */
export interface Beit3Call {
  /** Number of tokens of the picture, which come first. */
  split: number;
  /** [B, N], 1 for a token, 0 for padding. */
  keyMask: Tensor;
}

function linearOf(config: FullBeit3Config, inputs: number, outputs: number): nn.Linear {
  const weightInit = config.weightInit === "skip" ? nn.zeros : nn.truncatedNormal(0, 0.02);
  return new nn.Linear(inputs, outputs, { weightInit, biasInit: nn.zeros });
}

/** Attention that sees all tokens, with projections for each way and a norm before the last one (sub-LN, arXiv 2210.06423). */
export class Beit3Attention extends nn.Module {
  readonly qProj: Multiway<nn.Linear>;
  readonly kProj: Multiway<nn.Linear>;
  readonly vProj: Multiway<nn.Linear>;
  readonly innerAttnLn: Multiway<nn.LayerNorm>;
  readonly outProj: Multiway<nn.Linear>;
  readonly heads: number;

  constructor(config: FullBeit3Config) {
    super();
    const { embedDim: C, numHeads, normEps: eps } = config;
    const projection = (): Multiway<nn.Linear> => new Multiway(() => linearOf(config, C, C));
    this.heads = numHeads;
    this.qProj = projection();
    this.kProj = projection();
    this.vProj = projection();
    this.innerAttnLn = new Multiway(() => new nn.LayerNorm(C, { eps }));
    this.outProj = projection();
  }

  /** Applies the attention to x [B, N, features]. */
  forward(x: Tensor, { split, keyMask }: Beit3Call): Tensor {
    const [q, k, v] = [this.qProj, this.kProj, this.vProj].map((one) => this.headsOf(one, x, split));
    const seen = nn.attend(q, k, v, { keyMask });
    return this.outProj.forward(this.innerAttnLn.forward(seen, split), split);
  }

  /** Returns the attention [B, heads, N, N] of each token, a row, to all tokens for x [B, N, features]. */
  weights(x: Tensor, { split, keyMask }: Beit3Call): Tensor {
    return attentionWeights(this.headsOf(this.qProj, x, split), this.headsOf(this.kProj, x, split), { keyMask });
  }

  private headsOf(projection: Multiway<nn.Linear>, x: Tensor, split: number): Tensor {
    return nn.splitHeads(projection.forward(x, split), this.heads);
  }
}

/** Feed-forward layer of one way: fc2(norm(gelu(fc1(x)))). */
export class Beit3FeedForward extends nn.Module {
  readonly fc1: nn.Linear;
  readonly ffnLayernorm: nn.LayerNorm;
  readonly fc2: nn.Linear;

  constructor(config: FullBeit3Config) {
    super();
    const { embedDim: C, hiddenDim: F, normEps: eps } = config;
    this.fc1 = linearOf(config, C, F);
    this.ffnLayernorm = new nn.LayerNorm(F, { eps });
    this.fc2 = linearOf(config, F, C);
  }

  /** Applies the layer to x [..., features]. */
  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.ffnLayernorm.forward(nn.gelu(this.fc1.forward(x))));
  }
}

/** Layer of a {@link Beit3}: x + attention(norm(x)), then x + ffn(norm(x)), with everything but the attention itself twice. */
export class Beit3Layer extends nn.Module {
  readonly selfAttn: Beit3Attention;
  readonly selfAttnLayerNorm: Multiway<nn.LayerNorm>;
  readonly ffn: Multiway<Beit3FeedForward>;
  readonly finalLayerNorm: Multiway<nn.LayerNorm>;
  readonly dropPath: nn.DropPath;

  /** @param drop share of samples that skip the layer in training */
  constructor(config: FullBeit3Config, drop: number) {
    super();
    const { embedDim, normEps: eps } = config;
    const norm = (): nn.LayerNorm => new nn.LayerNorm(embedDim, { eps });
    this.selfAttn = new Beit3Attention(config);
    this.selfAttnLayerNorm = new Multiway(norm);
    this.ffn = new Multiway(() => new Beit3FeedForward(config));
    this.finalLayerNorm = new Multiway(norm);
    this.dropPath = new nn.DropPath(drop);
  }

  /**
   * Applies the layer.
   *
   * @param x [B, N, features], tokens of the picture first
   */
  forward(x: Tensor, call: Beit3Call): Tensor {
    const { split } = call;
    const seen = this.selfAttn.forward(this.selfAttnLayerNorm.forward(x, split), call);
    const first = tf.add(x, this.dropPath.forward(seen));
    const computed = this.ffn.forward(this.finalLayerNorm.forward(first, split), split);
    return tf.add(first, this.dropPath.forward(computed));
  }

  /** Returns the attention [B, heads, N, N] that {@link forward} has for x [B, N, features]. */
  attention(x: Tensor, call: Beit3Call): Tensor {
    return this.selfAttn.weights(this.selfAttnLayerNorm.forward(x, call.split), call);
  }
}

nn.allowCapture(Multiway);
nn.allowCapture(Beit3Attention, { recipe: ({ heads }) => String(heads) });
nn.allowCapture(Beit3FeedForward);
nn.allowCapture(Beit3Layer, { whole: true });
