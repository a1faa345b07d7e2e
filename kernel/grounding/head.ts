import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Grid } from "../contracts/geometry";
import * as nn from "../nn";
import type { BoxPredictions } from "../tasks/boxes/loss";
import {
  checkBranch,
  type FullGroundingHeadConfig,
  fullHeadConfig,
  type GroundingBranch,
  type GroundingHeadConfig,
} from "./config";
import { GroundingError } from "./error";
import { BoxHeads, QueryDecoder } from "./layers";
import { DecoderPass, QueryPass, separated, TokenPass } from "./passes";

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

  /** @throws GroundingError for an invalid configuration */
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
   * @param branch branches to run; another one runs no layer. Default: those that the head has
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
    const pass = new QueryPass(this.textProj, this.generator, this.queryInit.weight, this.config);
    return pass.forward({ text, mask: textMask });
  }

  private predictToken({ object }: GroundingFeatures, queries: Tensor): BoxPredictions | undefined {
    if (!this.tokenHeads) return undefined;
    const pass = new TokenPass(this.objectProj, this.tokenMlp, this.tokenHeads);
    return separated(pass.forward({ object, queries }));
  }

  private predictDecoder({ image, grid }: GroundingFeatures, queries: Tensor): BoxPredictions[] | undefined {
    if (!this.decoder || !this.decoderHeads) return undefined;
    const pass = new DecoderPass(this.decoder, this.decoderHeads);
    const all = pass.forward({ tokens: this.imageProj.forward(image), queries, grid });
    return tf.split(all, this.config.decoderLayers, 1).map(separated);
  }

  private check({ object, image, grid, text, textMask }: GroundingFeatures, branch: GroundingBranch): void {
    const fn = "grounding.GroundingHead.forward";
    const { inputDim, branches } = this.config;
    checkBranch(fn, branch, branches);
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
