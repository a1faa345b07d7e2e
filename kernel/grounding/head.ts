import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Grid } from "../contracts/geometry";
import * as nn from "../nn";
import type { BoxPredictions } from "../tasks/boxes/loss";
import {
  BRANCHES,
  type FullGroundingHeadConfig,
  fullHeadConfig,
  type GroundingBranch,
  type GroundingHeadConfig,
} from "./config";
import { GroundingError } from "./error";
import { BoxHeads, chain, QueryDecoder } from "./layers";
import { legacyMaxPool, maskedMaxPool } from "./pool";
import { gridPositions, textPositions } from "./positions";

/** Tokens of a multimodal encoder. */
export interface GroundingFeatures {
  /** Object token, the encoder's output for the class token of the picture: [B, inputDim]. */
  object: Tensor;
  /** Patches, row by row: [B, rows · columns, inputDim]. */
  image: Tensor;
  /** Rows and columns of the patches. */
  grid: Grid;
  /** Words: [B, L, inputDim]. */
  text: Tensor;
  /** [B, L], 1 for a word, 0 for padding. */
  textMask: Tensor;
}

/** Predictions of the branches that ran. */
export interface GroundingPredictions {
  /** Logits [B, Q, 2] and boxes [B, Q, 4] of the token branch. */
  token?: BoxPredictions;
  /** The same of every layer of the decoder; the last one is the prediction. */
  decoder?: BoxPredictions[];
}

/**
 * Head of SimVG (Dai et al., arXiv 2409.17531, section 3): a query generator that reads the phrase, a token branch of one linear layer
 * behind the encoder's object token, and a branch with DETR's decoder over the picture that teaches it.
 *
 *     const head = new grounding.GroundingHead({ queries: 1 });
 *     const { token } = head.forward(features, "token");      // runs no layer of the decoder
 */
export class GroundingHead extends nn.Module {
  readonly imageProj: nn.Linear;
  readonly textProj: nn.Linear;
  readonly objectProj: nn.Linear;
  readonly queryInit: nn.Embedding;
  readonly generator: QueryDecoder;
  readonly tokenMlp: nn.Linear[];
  readonly tokenHeads: BoxHeads | null;
  readonly decoder: QueryDecoder | null;
  readonly decoderHeads: BoxHeads | null;
  readonly config: FullGroundingHeadConfig;

  /** @throws GroundingError for a configuration that cannot be */
  constructor(configuration: GroundingHeadConfig = {}) {
    super();
    const config = fullHeadConfig(configuration);
    const { inputDim, embedDim: C, numHeads: heads, dropout, branches } = config;
    const [hasToken, hasDecoder] = [branches !== "decoder", branches !== "token"];
    this.config = config;
    this.imageProj = new nn.Linear(inputDim, C);
    this.textProj = new nn.Linear(inputDim, C);
    this.objectProj = new nn.Linear(inputDim, C);
    this.queryInit = new nn.Embedding(config.queries, C);
    const generator = { layers: config.generatorLayers, hiddenFeatures: config.generatorHidden };
    this.generator = new QueryDecoder(C, { ...generator, heads, dropout });
    this.tokenMlp = Array.from({ length: hasToken ? config.tokenLayers : 0 }, () => new nn.Linear(C, C));
    this.tokenHeads = hasToken ? new BoxHeads(C) : null;
    const decoder = { layers: config.decoderLayers, hiddenFeatures: config.decoderHidden };
    this.decoder = hasDecoder ? new QueryDecoder(C, { ...decoder, heads, dropout }).initializeXavier() : null;
    this.decoderHeads = hasDecoder ? new BoxHeads(C) : null;
  }

  /**
   * Predicts boxes.
   *
   * @param branch branches to run; another one runs no layer. Default: those that there are
   * @throws GroundingError for a branch that the head lacks, or features of other shapes
   */
  forward(features: GroundingFeatures, branch: GroundingBranch = this.config.branches): GroundingPredictions {
    this.check(features, branch);
    const queries = this.queries(features);
    const token = branch === "decoder" ? undefined : this.predictToken(features, queries);
    const decoder = branch === "token" ? undefined : this.predictDecoder(features, queries);
    return { ...(token && { token }), ...(decoder && { decoder }) };
  }

  /**
   * Makes queries of the phrase: the generator's output, the pooled words and the learned start, added.
   *
   * @returns [B, Q, C]
   */
  queries({ text, textMask }: Pick<GroundingFeatures, "text" | "textMask">): Tensor {
    return tf.tidy(() => {
      const { embedDim: C, legacyTextPosition, legacyTextPool } = this.config;
      const [B, L] = text.shape as [number, number, number];
      const words = this.textProj.forward(text);
      const start = tf.tile(tf.expandDims(this.queryInit.weight.value as Tensor, 0), [B, 1, 1]);
      const memory = { tokens: words, positions: textPositions(L, C, legacyTextPosition), mask: textMask };
      const pooled = legacyTextPool ? legacyMaxPool(words, textMask) : maskedMaxPool(words, textMask);
      return tf.addN([this.generator.last(start, memory), tf.tile(pooled, [1, this.config.queries, 1]), start]);
    });
  }

  private predictToken({ object }: GroundingFeatures, queries: Tensor): BoxPredictions | undefined {
    const projected = tf.expandDims(this.objectProj.forward(object), 1);
    return this.tokenHeads?.predict(chain(this.tokenMlp, tf.add(projected, queries)));
  }

  private predictDecoder({ image, grid }: GroundingFeatures, queries: Tensor): BoxPredictions[] | undefined {
    const memory = { tokens: this.imageProj.forward(image), positions: gridPositions(grid, this.config.embedDim) };
    const layers = this.decoder?.forward(queries, memory);
    return layers?.map((one) => (this.decoderHeads as BoxHeads).predict(one));
  }

  private check({ object, image, grid, text, textMask }: GroundingFeatures, branch: GroundingBranch): void {
    const fn = "grounding.GroundingHead.forward";
    const { inputDim, branches } = this.config;
    const legal = branches === "both" ? BRANCHES : [branches];
    if (!legal.includes(branch)) throw new GroundingError(fn, `branches are ${legal.join(", ")}`, branch);
    const [B, L] = text.shape;
    const expected = { text: [B, L, inputDim], object: [B, inputDim], textMask: [B, L] };
    const tensors = { text, object, textMask };
    for (const name of ["text", "object", "textMask"] as const)
      if (tensors[name].shape.join() !== expected[name].join())
        throw new GroundingError(fn, `${name} must be [${expected[name].join(", ")}]`, tensors[name].shape);
    const patches = [B, grid[0] * grid[1], inputDim];
    if (branch !== "token" && image.shape.join() !== patches.join())
      throw new GroundingError(fn, `image must be [${patches.join(", ")}]`, image.shape);
  }
}
