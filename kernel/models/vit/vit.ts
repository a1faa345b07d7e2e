import { checkFitsMemory } from "../../backend/memory";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import { ModelError } from "../error";
import { VitBlock } from "./block";
import { fullConfig, type FullVitConfig, type VitConfig } from "./config";
import { vitParameters } from "./count";
import {
  type IntermediatesOptions,
  INTERMEDIATES_NAMES,
  layersOf,
  type VitIntermediates,
  VIT_FORMATS,
} from "./intermediates";
import { drawnBy, makeLinear, makeNorm, type Norm } from "./layers";
import { PatchEmbed } from "./patch-embed";
import { AttentionPool } from "./pool";
import { resamplePositions, sinePositions } from "./positions";
import { rotaryTables, type RotaryTables } from "./rotary";
import { checkOptionNames } from "../../rules/option-names";

/** Tokens before the first block. */
interface Embedded {
  /** `[B, prefix + N, embedDim]`. */
  tokens: Tensor;
  rotary: RotaryTables | undefined;
  grid: [rows: number, columns: number];
}

const token = (count: number, features: number, std: number): nn.Parameter =>
  new nn.Parameter([1, count, features], nn.normal(0, std));

/**
 * Vision transformer (arXiv 2010.11929) that can be trained, with the words, names and initial values of timm's
 * `VisionTransformer`: one configuration covers ViT, DeiT, DINOv2 with registers, CLIP's and SigLIP's towers and AIMv2.
 *
 *     const model = new models.VisionTransformer({ imgSize: 64, patchSize: 8, embedDim: 192, depth: 6, numHeads: 3 });
 *     const { intermediates } = model.forwardIntermediates(pixels, { indices: [-1], outputFmt: "NLC" });
 */
export class VisionTransformer extends nn.Module {
  readonly patchEmbed: PatchEmbed;
  readonly clsToken: nn.Parameter | null;
  readonly distToken: nn.Parameter | null;
  readonly regToken: nn.Parameter | null;
  readonly posEmbed: nn.Parameter | null;
  readonly normPre: Norm | null;
  readonly blocks: VitBlock[];
  readonly norm: Norm | null;
  readonly attnPool: AttentionPool | null;
  readonly fcNorm: Norm | null;
  readonly head: nn.Linear | null;
  readonly headDist: nn.Linear | null;
  /** Configuration with every default. */
  readonly config: FullVitConfig;
  /** Number of class and register tokens before the patches. */
  readonly numPrefixTokens: number;
  private readonly posDrop: nn.Dropout;
  private readonly headDrop: nn.Dropout;

  /** @throws ModelError for an unknown key, values that contradict each other, or more parameters than the machine's memory holds */
  constructor(configuration: VitConfig = {}) {
    super();
    const config = fullConfig(configuration);
    checkFitsMemory("models.VisionTransformer", ModelError, vitParameters(configuration));
    const { embedDim, depth, finalNorm, fcNorm, numClasses, regTokens } = config;
    this.config = config;
    this.numPrefixTokens = Number(config.classToken) + Number(config.distToken) + regTokens;
    this.patchEmbed = new PatchEmbed(config);
    this.clsToken = config.classToken ? token(1, embedDim, 1e-6) : null;
    this.distToken = config.distToken ? token(1, embedDim, 0.02) : null;
    this.regToken = regTokens ? token(regTokens, embedDim, 1e-6) : null;
    this.posEmbed = this.makePositions();
    this.normPre = config.preNorm ? makeNorm(config, embedDim) : null;
    this.blocks = Array.from({ length: depth }, (_, i) => new VitBlock(config, dropShare(config, i)));
    this.norm = finalNorm && !fcNorm ? makeNorm(config, embedDim) : null;
    this.attnPool = config.globalPool === "map" ? new AttentionPool(config) : null;
    this.fcNorm = finalNorm && fcNorm ? makeNorm(config, embedDim) : null;
    this.head = numClasses ? makeLinear(config, embedDim, numClasses, config.headBias) : null;
    this.headDist = config.distToken && numClasses ? makeLinear(config, embedDim, numClasses, true) : null;
    this.posDrop = new nn.Dropout(config.posDropRate);
    this.headDrop = new nn.Dropout(config.dropRate);
  }

  /**
   * Returns class logits, or the pooled features of a model without a head, or all tokens where `globalPool` is `""`.
   *
   * @param x [B, inChans, H, W]
   * @returns [B, numClasses], [B, embedDim] or [B, prefix + N, embedDim]
   * @throws ModelError for a picture that patches do not cover
   */
  forward(x: Tensor): Tensor {
    return this.forwardHead(this.forwardFeatures(x));
  }

  /**
   * Returns the tokens after the final norm, prefix tokens first.
   *
   * @param x [B, inChans, H, W]
   * @returns [B, prefix + N, embedDim]
   */
  forwardFeatures(x: Tensor): Tensor {
    return tf.tidy(() => {
      const { tokens, rotary } = this.embed(x);
      const last = this.blocks.reduce((x, block) => block.forward(x, rotary), tokens);
      return this.norm?.forward(last) ?? last;
    });
  }

  /**
   * Pools tokens and applies the head.
   *
   * @param tokens [B, prefix + N, embedDim], as {@link forwardFeatures} returns them
   * @returns [B, numClasses], [B, embedDim] or [B, prefix + N, embedDim]
   */
  forwardHead(tokens: Tensor): Tensor {
    return tf.tidy(() => {
      const pooled = this.pool(tokens);
      const dropped = this.headDrop.forward(this.fcNorm?.forward(pooled) ?? pooled);
      const logits = this.head?.forward(dropped) ?? dropped;
      return this.config.distToken ? this.withDistilled(tokens, logits) : logits;
    });
  }

  /** Returns the mean of both class tokens' logits, as DeiT predicts. */
  private withDistilled(tokens: Tensor, logits: Tensor): Tensor {
    const second = tokenAt(tokens, 1);
    return tf.mul(tf.add(logits, this.headDist?.forward(second) ?? second), 0.5);
  }

  /**
   * Returns the stream after chosen blocks; every option has timm's meaning, and results come in depth order.
   *
   * @param x [B, inChans, H, W]
   * @throws ModelError for a block out of range or an unknown format
   */
  forwardIntermediates(x: Tensor, options: IntermediatesOptions = {}): VitIntermediates {
    const fn = "VisionTransformer.forwardIntermediates";
    checkOptionNames(fn, options, INTERMEDIATES_NAMES, ModelError);
    const { indices, norm = false, outputFmt = "NCHW", returnPrefixTokens = false, stopEarly = false } = options;
    if (!VIT_FORMATS.includes(outputFmt))
      throw new ModelError(fn, `outputFmt must be ${VIT_FORMATS.join(", ")}`, outputFmt);
    const layers = layersOf(fn, indices, this.blocks.length);
    const last = stopEarly ? layers[layers.length - 1] : this.blocks.length - 1;
    return tf.tidy(() => {
      const embedded = this.embed(x);
      const kept: Tensor[] = [];
      let tokens = embedded.tokens;
      for (let i = 0; i <= last; i++) {
        tokens = this.blocks[i].forward(tokens, embedded.rotary);
        if (layers.includes(i)) kept.push(norm ? this.normed(tokens) : tokens);
      }
      const parts = kept.map((stream) => this.splitPrefix(stream));
      const intermediates = parts.map(({ patches }) => this.shaped(patches, embedded.grid, outputFmt));
      return {
        ...(options.intermediatesOnly ? {} : { final: this.normed(tokens) }),
        ...(options.returnEmbeddings ? { embeddings: this.shapedPatches(embedded, outputFmt) } : {}),
        ...(returnPrefixTokens ? { prefixTokens: parts.flatMap(({ prefix }) => prefix ?? []) } : {}),
        intermediates,
      };
    });
  }

  /**
   * Returns the stream before the first block, prefix tokens first.
   *
   * @param x [B, inChans, H, W]
   * @returns [B, prefix + N, embedDim]
   */
  forwardStem(x: Tensor): Tensor {
    return tf.tidy(() => this.embed(x).tokens);
  }

  private normed(tokens: Tensor): Tensor {
    return this.norm?.forward(tokens) ?? tf.clone(tokens);
  }

  private pool(tokens: Tensor): Tensor {
    const { globalPool } = this.config;
    if (globalPool === "") return tokens;
    if (globalPool === "map") return (this.attnPool as AttentionPool).forward(tokens);
    return globalPool === "token" ? tokenAt(tokens, 0) : tf.mean(this.splitPrefix(tokens).patches, 1);
  }

  private makePositions(): nn.Parameter | null {
    const { posEmbed, noEmbedClass, embedDim } = this.config;
    if (posEmbed !== "learn") return null;
    const [rows, columns] = this.patchEmbed.gridSize;
    const count = rows * columns + (noEmbedClass ? 0 : this.numPrefixTokens);
    return new nn.Parameter([1, count, embedDim], drawnBy(this.config, nn.truncatedNormal(0, 0.02)));
  }

  private embed(x: Tensor): Embedded {
    const [B, , height, width] = x.shape as [number, number, number, number];
    const grid = this.patchEmbed.gridOf([height, width]);
    const patches = this.patchEmbed.forward(x);
    const tokens = this.posDrop.forward(this.positioned(patches, B));
    const rotary = this.config.posEmbed === "rotary" ? this.rotaryOf(patches) : undefined;
    return { tokens: this.normPre?.forward(tokens) ?? tokens, rotary, grid };
  }

  /** Adds positions and prefix tokens to patches [B, H, W, C]. */
  private positioned(patches: Tensor, B: number): Tensor {
    const [, H, W, C] = patches.shape as [number, number, number, number];
    const tokens = tf.reshape(patches, [B, H * W, C]);
    const prefix = [this.clsToken, this.distToken, this.regToken].flatMap((one) => (one ? [one.value] : []));
    const repeated = prefix.map((one) => tf.tile(one, [B, 1, 1]));
    const table = this.tableFor(patches);
    if (!table) return repeated.length ? tf.concat([...repeated, tokens], 1) : tokens;
    if (table.prefix === null) {
      const placed = tf.add(tokens, table.patches);
      return repeated.length ? tf.concat([...repeated, placed], 1) : placed;
    }
    return tf.add(tf.concat([...repeated, tokens], 1), tf.concat([table.prefix, table.patches], 1));
  }

  /** Returns positions of prefix tokens, where there are some, and of patches, for the grid of patches [B, H, W, C]. */
  private tableFor(patches: Tensor): { prefix: Tensor | null; patches: Tensor } | null {
    const { posEmbed, noEmbedClass, posResample } = this.config;
    if (posEmbed === "sine") return { prefix: null, patches: sinePositions(patches) };
    if (!this.posEmbed) return null;
    const prefix = noEmbedClass ? 0 : this.numPrefixTokens;
    const [, N] = this.posEmbed.shape;
    const [first, table] = prefix
      ? tf.split(this.posEmbed.value as Tensor, [prefix, N - prefix], 1)
      : [null, this.posEmbed.value];
    return { prefix: first, patches: resamplePositions(table, patches, this.patchEmbed.gridSize, posResample) };
  }

  private rotaryOf(patches: Tensor): RotaryTables {
    const { rotary, embedDim, numHeads } = this.config;
    const { gridSize: reference } = this.patchEmbed;
    return rotaryTables(patches, { ...rotary, headDim: embedDim / numHeads, reference, prefix: this.numPrefixTokens });
  }

  /** Splits tokens into prefix, null where there is none, and patches. */
  private splitPrefix(tokens: Tensor): { prefix: Tensor | null; patches: Tensor } {
    const [, N] = tokens.shape as [number, number];
    const count = this.numPrefixTokens;
    if (count === 0) return { prefix: null, patches: tokens };
    const [prefix, patches] = tf.split(tokens, [count, N - count], 1);
    return { prefix, patches };
  }

  private shapedPatches({ tokens, grid }: Embedded, outputFmt: "NCHW" | "NLC"): Tensor {
    const { prefix, patches } = this.splitPrefix(tokens);
    // A tensor that no block changed is the block's input as well, so that freeing one must not free the other.
    return this.shaped(prefix ? patches : tf.clone(patches), grid, outputFmt);
  }

  private shaped(patches: Tensor, [H, W]: [number, number], outputFmt: "NCHW" | "NLC"): Tensor {
    if (outputFmt === "NLC") return patches;
    const [B, , C] = patches.shape as [number, number, number];
    return tf.transpose(tf.reshape(patches, [B, H, W, C]), [0, 3, 1, 2]);
  }
}

/** Returns one token of each picture: [B, N, C] becomes [B, C]. */
function tokenAt(tokens: Tensor, index: number): Tensor {
  const [B, , C] = tokens.shape as [number, number, number];
  return tf.reshape(tf.slice(tokens, [0, index, 0], [B, 1, C]), [B, C]);
}

/** Returns the share of samples that skip block `i`: it grows evenly from 0 to `dropPathRate`. */
const dropShare = ({ dropPathRate, depth }: FullVitConfig, i: number): number =>
  depth > 1 ? (dropPathRate * i) / (depth - 1) : 0;
