import { checkArguments } from "../rules/arguments";
import type { Grid } from "../contracts/geometry";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { ModelError } from "./error";
import type { LanguageModel } from "./language-model";
import { Projector } from "./projector";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

/** Batch of pictures, as the frozen encoder saw them, with words. */
export interface Batch {
  /** Tokens of each level, [B, H · W, C]. */
  levels: readonly Tensor[];
  /** Word ids, int32 [B, T], beginning with the word before the picture. */
  ids: Tensor;
  /** Mask [B, T], 0 for padding. */
  mask: Tensor;
}

/** A module that fuses several levels of an encoder into one, as `vce.Vce` does. */
export interface LevelFusion extends nn.Module {
  /** Width of the levels, and of the result. */
  readonly features: number;
  /** @param levels `[B, N, features]` each, the last one first @returns `[B, N, features]` */
  forward(levels: readonly Tensor[], grid: Grid): Tensor;
}

/** Parts and sizes of a {@link VisionLanguageModel}. */
export interface VisionLanguageOptions {
  /** Features of the encoder's tokens. */
  features: number;
  /** Rows and columns of the encoder's tokens. */
  grid: Grid;
  /** Language model that receives the tokens. */
  languageModel: LanguageModel;
  /** Module that fuses the levels. Default: none; the first level is projected alone. */
  vce?: LevelFusion;
  /** Side of the square of tokens that become one. Default 2. */
  merge?: number;
}

const FN = "models.VisionLanguageModel";
const NAMES: OptionNames<VisionLanguageOptions> = {
  features: true,
  grid: true,
  languageModel: true,
  vce: true,
  merge: true,
};

/**
 * Language model that sees: tokens of a frozen encoder, optionally enhanced by VCE, are projected into its space and
 * inserted after the first word.
 */
export class VisionLanguageModel extends nn.Module {
  readonly vce: LevelFusion | null;
  readonly mmProjector: Projector;
  readonly languageModel: LanguageModel;
  readonly grid: readonly [number, number];

  /** @throws ModelError for an unknown option, or a fusion of another width */
  constructor(options: VisionLanguageOptions) {
    super();
    checkOptionNames(FN, options, NAMES, ModelError);
    const { features, grid, languageModel, vce, merge = 2 } = options;
    checkArguments(FN, ModelError, { languageModel }, { languageModel: { config: { hidden_size: "size" } } });
    if (vce && vce.features !== features) throw new ModelError(FN, `vce must have ${features} features`, vce.features);
    this.grid = grid;
    this.vce = vce ?? null;
    this.mmProjector = new Projector(features, languageModel.config.hidden_size, { merge });
    this.languageModel = languageModel;
  }

  /** Returns the picture in the language model's space: [B, tokens, hidden]. */
  see(levels: readonly Tensor[]): Tensor {
    const tokens = this.vce?.forward(levels, this.grid) ?? levels[0];
    return this.mmProjector.forward(tokens, this.grid);
  }

  /** Returns the last hidden states at the words, [B, T, hidden]; the picture follows the first word. */
  forward({ levels, ids, mask }: Batch): Tensor {
    return hiddenAtWords(this.languageModel, { seen: this.see(levels), ids, mask });
  }

  /**
   * Returns the mean cross-entropy of the counted words.
   *
   * @param targets int32 [B, T]: the word after each word, -100 where it is not counted
   */
  loss(batch: Batch, targets: Tensor): Tensor {
    const { places, words } = countedPlaces("models.VisionLanguageModel.loss", targets);
    return nn.crossEntropy(this.logitsAt(batch, places), words);
  }

  /**
   * Returns the logits after chosen words: [M, vocabulary].
   *
   * @param places int32 [M], into [B · T]
   */
  logitsAt(batch: Batch, places: Tensor): Tensor {
    const hidden = this.forward(batch);
    const rows = tf.reshape(hidden, [-1, hidden.shape[2] as number]);
    return this.languageModel.logits(nn.gatherRows(rows, places));
  }
}

/** A sequence of words with a picture after the first one. */
export interface SeenWords {
  /** Picture in the language model's space, [B, tokens, hidden]. */
  seen: Tensor;
  /** Word ids, int32 [B, T]. */
  ids: Tensor;
  /** Mask [B, T], 0 for padding. */
  mask: Tensor;
}

/** Returns the last hidden states at the words, [B, T, hidden]; the picture follows the first word. */
export function hiddenAtWords(languageModel: LanguageModel, { seen, ids, mask }: SeenWords): Tensor {
  const [B, T] = ids.shape;
  const words = languageModel.embed(ids);
  const [first, rest] = tf.split(words, [1, T - 1], 1);
  const [firstMask, restMask] = tf.split(tf.cast(mask, "float32"), [1, T - 1], 1);
  const tokens = seen.shape[1] as number;
  const keyMask = tf.concat([firstMask, tf.ones([B, tokens]), restMask], 1);
  const hidden = languageModel.forward(tf.concat([first, seen, rest], 1), keyMask);
  const [begin, , end] = tf.split(hidden, [1, tokens, T - 1], 1);
  return tf.concat([begin, end], 1);
}

/** Returns the counted rows. Only they reach the vocabulary, because most of a sequence is padding or question. */
export function countedPlaces(where: string, targets: Tensor): { places: Tensor; words: Tensor } {
  const values = targets.dataSync();
  const places = [...values.keys()].filter((at) => values[at] >= 0);
  if (!places.length) throw new ModelError(where, "at least one target of the batch must count", "none");
  const words = places.map((at) => values[at]);
  return { places: tf.tensor(places, [places.length], "int32"), words: tf.tensor(words, [words.length], "int32") };
}
