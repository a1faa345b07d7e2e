import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Box, Grid } from "../contracts/geometry";
import type { RawImage } from "../data/image";
import { preprocess } from "../encoders/preprocess/batch";
import type { Tokenizer } from "../encoders/tokenizer/tokenizer";
import { argmax, iou } from "../numeric";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import type { ScoredBox } from "../tasks/boxes/generalized";
import { match } from "../tasks/boxes/match";
import { type CenterBox, checkBox, toCenter } from "../tasks/boxes/plain";
import type { GroundingBatchOptions } from "./batches";
import { stretchTo } from "./preprocess";
import { GroundingError } from "./error";
import { detectionsOf, type SimVg } from "./model";
import { cleanPhrase, encodePhrases, type PhraseOptions } from "./phrases";

/** Options of {@link explorer}. */
export interface ExplorerOptions extends Pick<GroundingBatchOptions, "mean" | "std"> {
  /** Tokenizer of the phrases. */
  tokenizer: Pick<Tokenizer, "encode"> & Partial<Pick<Tokenizer, "unknownId">>;
  /** Treatment of phrases; with `unknownId`, a phrase with an unknown word is refused. Default: as `grounding.encodePhrases`. */
  phrases?: PhraseOptions;
  /** Bring phrases to lower case without marks, as the release. Default true. */
  clean?: boolean;
  /** Name of the model in captions. Default `SimVG`. */
  name?: string;
}

/** Boxes of one phrase on one picture. */
export interface Grounded {
  /** Words of the phrase as the model reads them. */
  readonly words: readonly string[];
  /** Boxes of the token branch in pixels, one a query; missing in a model without it. */
  readonly token?: readonly ScoredBox[];
  /** Boxes of the decoder branch. */
  readonly decoder?: readonly ScoredBox[];
  /** Time of each branch with the encoder, the picture being prepared. */
  readonly milliseconds: { readonly token?: number; readonly decoder?: number };
}

/** Attention between the words of a phrase and the patches of a picture, the mean over the heads of each layer. */
export interface GroundedAttention {
  readonly words: readonly string[];
  /** Attention of each word, mean over its pieces, to each patch: [layers, words, patches]. */
  readonly toPatches: Float32Array;
  /** Attention of each patch to each word, sum over its pieces: [layers, patches, words]. */
  readonly toWords: Float32Array;
}

/** Boxes of a sample after an epoch of a training. */
export interface ReplayEpoch {
  /** The sample's own part of W_dt: the foreground's probability times the IoU of the decoder's box that the loss matches to the truth. */
  readonly weight: number;
  readonly token?: ScoredBox;
  readonly decoder?: ScoredBox;
}

const FN = "grounding.explorer";
const NAMES: OptionNames<ExplorerOptions> = {
  tokenizer: true,
  phrases: true,
  clean: true,
  name: true,
  mean: true,
  std: true,
};
/** Pictures whose embedded patches are kept. */
const MOST_PICTURES = 16;

/**
 * Returns an explorer of a model (SimVG, arXiv 2409.17531), for `view.grounding`: it answers one phrase after another on pictures that
 * are prepared once.
 *
 *     await view.grounding(grounding.explorer(model, { tokenizer }), ["boats.jpg"], { phrases: ["the small red boat"] });
 *
 * @throws GroundingError for an unknown option, or a tokenizer that does not encode
 */
export function explorer(model: SimVg, options: ExplorerOptions): Explorer {
  checkArguments("grounding.explorer", GroundingError, { model }, { model: "module" });
  return new Explorer(model, options);
}

/** Answers phrases on pictures, which stay embedded in memory. Call {@link Explorer.forget} after the weights change. */
export class Explorer {
  readonly name: string;
  /** Branches of the model. */
  readonly branches: readonly ("token" | "decoder")[];
  /** Number of boxes of a branch. */
  readonly queries: number;
  /** Number of the encoder's layers. */
  readonly layers: number;
  readonly grid: Grid;
  private readonly embedded = new Map<RawImage, Tensor>();

  /** @throws GroundingError for an unknown option, or a tokenizer that does not encode */
  constructor(
    private readonly model: SimVg,
    private readonly options: ExplorerOptions,
  ) {
    checkArguments("grounding.Explorer", GroundingError, { model }, { model: "module" });
    checkOptionNames(FN, options, NAMES, GroundingError);
    if (typeof options.tokenizer?.encode !== "function")
      throw new GroundingError(FN, "tokenizer must have encode", options.tokenizer);
    const { length } = options.phrases ?? {};
    const most = model.encoder.maxTextLength;
    if (length !== undefined && length > most)
      throw new GroundingError(FN, `phrases.length must be at most ${most}, as the model's table of positions`, length);
    const { branches, queries } = model.head.config;
    this.name = options.name ?? "SimVG";
    this.branches = branches === "both" ? ["token", "decoder"] : [branches];
    this.queries = queries;
    this.layers = model.encoder.config.depth;
    this.grid = model.encoder.grid;
  }

  /** Returns the words of a phrase that the tokenizer does not know; none where it has no unknown token. */
  unknown(phrase: string): string[] {
    const { tokenizer, phrases } = this.options;
    const unknownId = phrases?.unknownId ?? tokenizer.unknownId;
    if (unknownId === undefined) return [];
    const words = this.wordsOf(phrase);
    const { ids, dims } = tokenizer.encode(words);
    return words.filter((_, i) => ids.subarray(i * dims[1], (i + 1) * dims[1]).includes(BigInt(unknownId)));
  }

  /**
   * Returns the boxes of both branches for a phrase, in pixels.
   *
   * @throws GroundingError for a phrase that cannot be encoded
   */
  async ground(picture: RawImage, phrase: string): Promise<Grounded> {
    const text = this.encode(phrase);
    const sizes = [[picture.width, picture.height] as const];
    const found: { -readonly [K in keyof Grounded]: Grounded[K] } = { words: text.words, milliseconds: {} };
    await this.evaluating(picture, (image) => {
      const { encoder, head } = this.model;
      const start = performance.now();
      const features = { ...encoder.encode(image, text.ids(), text.mask()), grid: this.grid, textMask: text.mask() };
      const encoding = performance.now() - start;
      for (const branch of this.branches) {
        const began = performance.now();
        const { token, decoder = [] } = head.forward(features, branch);
        [found[branch]] = detectionsOf(token ?? decoder[decoder.length - 1], sizes);
        found.milliseconds = { ...found.milliseconds, [branch]: encoding + performance.now() - began };
      }
    });
    return found;
  }

  /**
   * Returns the encoder's attention between words and patches at every layer.
   *
   * @throws GroundingError for a phrase that cannot be encoded
   */
  async attend(picture: RawImage, phrase: string): Promise<GroundedAttention> {
    const text = this.encode(phrase);
    const patches = this.grid[0] * this.grid[1];
    const size = text.words.length * patches;
    const toPatches = new Float32Array(this.layers * size);
    const toWords = new Float32Array(this.layers * size);
    await this.evaluating(picture, (image) => {
      const maps = this.model.encoder.encoder.attention(
        image,
        this.model.encoder.textEmbed.forward(text.ids()),
        text.mask(),
      );
      maps.forEach((map, layer) => {
        const tokens = map.shape[1] as number;
        const values = map.dataSync();
        text.spans.forEach(([from, to], word) => {
          for (let piece = from; piece < to; piece++)
            for (let patch = 0; patch < patches; patch++) {
              // The object token is first, then the patches, then the text.
              const [p, t] = [1 + patch, 1 + patches + piece];
              toPatches[layer * size + word * patches + patch] += values[t * tokens + p] / (to - from);
              toWords[layer * size + patch * text.words.length + word] += values[p * tokens + t];
            }
        });
      });
    });
    return { words: text.words, toPatches, toWords };
  }

  /**
   * Returns the boxes of one sample by the present weights, for the replay of a training: call it after every epoch.
   *
   * @throws GroundingError for a phrase that cannot be encoded
   * @throws TaskError for a truth that is not four finite numbers
   */
  async snapshot(picture: RawImage, phrase: string, truth: Box): Promise<ReplayEpoch> {
    checkBox("grounding.Explorer.snapshot", truth);
    this.forget();
    const { token, decoder } = await this.ground(picture, phrase);
    this.forget();
    const best = (boxes: readonly ScoredBox[] | undefined): ScoredBox | undefined =>
      boxes?.[argmax(boxes.map(({ score }) => score))];
    const weight = decoder ? weightOf(decoder, truth, picture) : 0;
    return { weight, token: best(token), decoder: best(decoder) };
  }

  /** Frees the embedded pictures; needed after the weights change. */
  forget(): void {
    tf.dispose([...this.embedded.values()]);
    this.embedded.clear();
  }

  private wordsOf(phrase: string): string[] {
    if (typeof phrase !== "string") throw new GroundingError(FN, "a phrase must be a text", phrase);
    const { clean = true } = this.options;
    return (clean ? cleanPhrase(phrase) : phrase).split(/\s+/).filter(Boolean);
  }

  /** Encodes a phrase with the places of its words among the ids. */
  private encode(phrase: string): EncodedWords {
    const { tokenizer, phrases } = this.options;
    const words = this.wordsOf(phrase);
    const { ids, mask, length } = encodePhrases(tokenizer, [words.join(" ")], phrases);
    const placed = wordSpans(tokenizer, words, length);
    if (!placed.length) throw new GroundingError(FN, `a phrase must have a word that fits into ${length} ids`, phrase);
    const rows: [number, number] = [1, length];
    return {
      words: placed.map(({ word }) => word),
      spans: placed.map(({ span }) => span),
      ids: () => tf.tensor2d(ids, rows, "int32"),
      mask: () => tf.tensor2d(mask, rows, "int32"),
    };
  }

  /**
   * Runs work on an embedded picture, dropout being off. Nothing happens between embedding and work: another call may {@link forget} the
   * pictures while this one waits.
   */
  private async evaluating(picture: RawImage, work: (image: Tensor) => void): Promise<void> {
    const { model } = this;
    if (!this.embedded.has(picture)) {
      const prepared = await preprocess([picture], stretchTo(model.encoder.config.imgSize, this.options), FN);
      if (!this.embedded.has(picture)) this.embed(picture, prepared);
    }
    const image = this.embedded.get(picture) as Tensor;
    const { training } = model;
    model.eval();
    try {
      tf.tidy(() => work(image));
    } finally {
      model.train(training);
    }
  }

  private embed(picture: RawImage, { pixelValues, dims }: Awaited<ReturnType<typeof preprocess>>): void {
    const made = tf.tidy(() => this.model.encoder.visionEmbed.forward(tf.tensor(pixelValues, dims)));
    const oldest = this.embedded.size >= MOST_PICTURES ? this.embedded.entries().next().value : undefined;
    if (oldest) {
      oldest[1].dispose();
      this.embedded.delete(oldest[0]);
    }
    this.embedded.set(picture, made);
  }
}

/** Returns a sample's part of W_dt: the probability times the IoU of the box that the loss matches to the truth. */
function weightOf(found: readonly ScoredBox[], truth: Box, { width, height }: RawImage): number {
  const shares = ({ 0: left, 1: top, 2: right, 3: bottom }: Box): CenterBox =>
    toCenter([left / width, top / height, right / width, bottom / height]);
  const predictions = { scores: found.map(({ score }) => score), boxes: found.map(({ box }) => shares(box)) };
  const [[query]] = match(predictions, [shares(truth)]);
  return found[query].score * iou(found[query].box, truth);
}

interface EncodedWords {
  words: string[];
  /** First id of each word, and one past its last. */
  spans: [from: number, to: number][];
  ids(): Tensor;
  mask(): Tensor;
}

/** Returns words with their places among the ids, found by encoding ever longer beginnings of the phrase; cut words are left out. */
function wordSpans(
  tokenizer: Pick<Tokenizer, "encode">,
  words: readonly string[],
  length: number,
): { word: string; span: [from: number, to: number] }[] {
  const { mask, ids, dims } = tokenizer.encode(["", ...words.map((_, i) => words.slice(0, i + 1).join(" "))]);
  const counts = Array.from({ length: words.length + 1 }, (_, i) =>
    Number(mask.subarray(i * dims[1], (i + 1) * dims[1]).reduce((sum, one) => sum + one, 0n)),
  );
  const frame = counts[0];
  let before = 0;
  while (before < frame && ids[before] === ids[dims[1] + before]) before++;
  return words
    .map((word, i) => ({
      word,
      span: [before + counts[i] - frame, before + counts[i + 1] - frame] as [number, number],
    }))
    .filter(({ span: [from, to] }) => to > from && to <= length - (frame - before));
}
