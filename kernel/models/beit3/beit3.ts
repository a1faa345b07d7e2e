import { checkFitsMemory } from "../../backend/memory";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Grid } from "../../contracts/geometry";
import * as nn from "../../nn";
import { ModelError } from "../error";
import { type Beit3Config, type FullBeit3Config, fullBeit3Config, OFFSET } from "./config";
import { beit3Parameters } from "./count";
import { type Beit3Call, Beit3Layer, Multiway } from "./layer";

/** Picture and text of a batch. */
export interface Beit3Input {
  /** Pictures [B, 3, H, W]. */
  pixels: Tensor;
  /** Ids of words, int32 [B, L]. */
  text: Tensor;
  /** [B, L], 1 for a word, 0 for padding. */
  textMask: Tensor;
  /** [B, rows · columns], 1 for a patch that the mask token replaces. Default: none. */
  masked?: Tensor;
}

/** Tokens of a batch. */
export interface Beit3Output {
  /** Output for the class token of the picture, [B, C]. */
  object: Tensor;
  /** Patches, row by row, [B, rows · columns, C]. */
  image: Tensor;
  /** Words, [B, L, C]. */
  text: Tensor;
}

/** Patches of a picture after a class token. */
export class Beit3VisionEmbedding extends nn.Module {
  readonly maskToken: nn.Parameter;
  readonly clsToken: nn.Parameter;
  readonly proj: nn.PatchProjection;
  private readonly _patches: nn.PatchEmbedding;

  constructor({ embedDim: C, patchSize, weightInit }: FullBeit3Config) {
    super();
    const init = weightInit === "skip" ? nn.zeros : nn.truncatedNormal(0, 0.02);
    this.maskToken = new nn.Parameter([1, 1, C], nn.zeros);
    this.clsToken = new nn.Parameter([1, 1, C], init);
    this._patches = new nn.PatchEmbedding(C, patchSize, { weightInit: init });
    this.proj = this._patches.proj;
  }

  /**
   * Embeds pictures.
   *
   * @param pixels [B, 3, H, W]
   * @param masked [B, N], 1 for a patch that the mask token replaces
   * @returns [B, 1 + N, C]
   */
  forward(pixels: Tensor, masked?: Tensor): Tensor {
    const patches = this._patches.forward(pixels);
    const [B, N] = patches.shape as [number, number, number];
    const first = tf.tile(this.clsToken.value, [B, 1, 1]);
    if (!masked) return tf.concat([first, patches], 1);
    const hidden = tf.reshape(tf.cast(masked, "float32"), [B, N, 1]);
    const kept = tf.mul(patches, tf.sub(1, hidden));
    return tf.concat([first, tf.add(kept, tf.mul(hidden, this.maskToken.value))], 1);
  }
}

/** Positions, layers and last norm. */
export class Beit3Encoder extends nn.Module {
  readonly embedPositions: { readonly A: nn.Embedding; readonly B: nn.Embedding };
  readonly layers: Beit3Layer[];
  readonly layerNorm: Multiway<nn.LayerNorm>;

  constructor(config: FullBeit3Config, patches: number) {
    super();
    const { embedDim: C, depth, dropPathRate, normEps: eps, textPositions, weightInit } = config;
    const init = weightInit === "skip" ? nn.zeros : nn.truncatedNormal(0, 0.02);
    this.embedPositions = new PositionTables(
      new nn.Embedding(patches + 1 + OFFSET, C, { weightInit: init }),
      new nn.Embedding(textPositions, C, { weightInit: init }),
    );
    this.layers = Array.from(
      { length: depth },
      (_, i) => new Beit3Layer(config, depth > 1 ? (dropPathRate * i) / (depth - 1) : 0),
    );
    this.layerNorm = new Multiway(() => new nn.LayerNorm(C, { eps }));
  }

  /**
   * Encodes tokens together.
   *
   * @param image [B, 1 + N, C]
   * @param text [B, L, C]
   * @param textMask [B, L]
   * @returns [B, 1 + N + L, C]
   */
  forward(image: Tensor, text: Tensor, textMask: Tensor): Tensor {
    const { start, call } = this.begin(image, text, textMask);
    const encoded = this.layers.reduce((x, layer) => layer.forward(x, call), start);
    return this.layerNorm.forward(encoded, call.split);
  }

  /**
   * Returns the attention of each layer, the mean over its heads: [B, 1 + N + L, 1 + N + L], a row for each query.
   *
   * @param image [B, 1 + N, C]
   * @param text [B, L, C]
   * @param textMask [B, L]
   */
  attention(image: Tensor, text: Tensor, textMask: Tensor): Tensor[] {
    const { start, call } = this.begin(image, text, textMask);
    const found: Tensor[] = [];
    this.layers.reduce((x, layer) => {
      found.push(tf.mean(layer.attention(x, call), 1));
      return layer.forward(x, call);
    }, start);
    return found;
  }

  /** Returns all tokens with their positions. */
  private begin(image: Tensor, text: Tensor, textMask: Tensor): { start: Tensor; call: Beit3Call } {
    const [B, split] = image.shape as [number, number, number];
    const words = tf.cast(textMask, "float32");
    const { A, B: ofText } = this.embedPositions;
    const placed = tf.mul(tf.add(text, rowsFrom(ofText, text.shape[1] as number)), tf.expandDims(words, 2));
    const start = tf.concat([tf.add(image, rowsFrom(A, split)), placed], 1);
    return { start, call: { split, keyMask: tf.concat([tf.ones([B, split]), words], 1) } };
  }
}

/** Tables of positions of picture and text. */
class PositionTables extends nn.Module {
  constructor(
    readonly A: nn.Embedding,
    readonly B: nn.Embedding,
  ) {
    super();
  }
}

/** Returns the positions of the first tokens, [1, count, C]. */
function rowsFrom({ weight, features }: nn.Embedding, count: number): Tensor {
  return tf.expandDims(tf.slice(weight.value as Tensor, [OFFSET, 0], [count, features]), 0);
}

/**
 * Multimodal encoder of BEiT-3's shape (Wang et al., arXiv 2208.10442): every layer attends to picture and text together, and has
 * norms, projections and a feed-forward layer for each. Weights have the names of BEiT-3's release.
 *
 *     const model = new models.Beit3(models.beit3Config("beit3_base_patch16_224", { patchSize: 32, imgSize: 640 }));
 *     const { object, image, text } = model.forward({ pixels, text: ids, textMask });
 */
export class Beit3 extends nn.Module {
  readonly textEmbed: nn.Embedding;
  readonly visionEmbed: Beit3VisionEmbedding;
  readonly encoder: Beit3Encoder;
  readonly config: FullBeit3Config;

  /** @throws ModelError for an invalid configuration, or more parameters than the machine's memory holds */
  constructor(configuration: Beit3Config = {}) {
    super();
    const config = fullBeit3Config(configuration);
    checkFitsMemory("models.Beit3", ModelError, beit3Parameters(configuration));
    const weightInit = config.weightInit === "skip" ? nn.zeros : nn.truncatedNormal(0, 0.02);
    this.config = config;
    this.textEmbed = new nn.Embedding(config.vocabSize, config.embedDim, { weightInit });
    this.visionEmbed = new Beit3VisionEmbedding(config);
    this.encoder = new Beit3Encoder(config, this.grid[0] * this.grid[1]);
  }

  /** Rows and columns of the patches. */
  get grid(): Grid {
    const { imgSize, patchSize } = this.config;
    return [imgSize[0] / patchSize, imgSize[1] / patchSize];
  }

  /** Largest number of words. */
  get maxTextLength(): number {
    return this.config.textPositions - OFFSET;
  }

  /**
   * Encodes pictures and texts together.
   *
   * @throws ModelError for pictures of another size, or a text that is empty or longer than the table
   */
  forward({ pixels, text, textMask, masked }: Beit3Input): Beit3Output {
    this.checkPixels(pixels, text);
    this.checkText("models.Beit3.forward", text, textMask);
    return this.encode(this.visionEmbed.forward(pixels, masked), text, textMask);
  }

  /**
   * Encodes embedded pictures and texts together, so that a picture is embedded once for many texts.
   *
   * @param image output of `visionEmbed.forward`, [B, 1 + N, C]
   * @param text ids, int32 [B, L]
   * @param textMask [B, L]
   * @throws ModelError for embedded pictures of another shape, or a text that is empty or longer than the table
   */
  encode(image: Tensor, text: Tensor, textMask: Tensor): Beit3Output {
    const [B, L] = text.shape as [number, number];
    const { embedDim: C } = this.config;
    const N = this.grid[0] * this.grid[1];
    this.checkText("models.Beit3.encode", text, textMask);
    if (image.shape.join() !== [B, 1 + N, C].join())
      throw new ModelError("models.Beit3.encode", `image must be [${B}, ${1 + N}, ${C}]`, image.shape);
    const encoded = this.encoder.forward(image, this.textEmbed.forward(text), textMask);
    const [object, patches, words] = tf.split(encoded, [1, N, L], 1);
    return { object: tf.reshape(object, [B, C]), image: patches, text: words };
  }

  private checkPixels(pixels: Tensor, text: Tensor): void {
    const expected = [text.shape[0], 3, ...this.config.imgSize].join(", ");
    if (pixels.shape.join(", ") !== expected)
      throw new ModelError("models.Beit3.forward", `pixels must be [${expected}]`, pixels.shape);
  }

  private checkText(fn: string, text: Tensor, textMask: Tensor): void {
    const [B, L] = text.shape;
    if (text.shape.length !== 2 || !L || L > this.maxTextLength)
      throw new ModelError(fn, `text must be [B, L], L in 1..${this.maxTextLength}`, text.shape);
    if (textMask.shape.join() !== `${B},${L}`)
      throw new ModelError(fn, `textMask must be [${B}, ${L}]`, textMask.shape);
  }
}
