import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Grid } from "../contracts/geometry";
import type { RawImage } from "../data/image";
import { preprocess } from "../encoders/preprocess/batch";
import { pictureOf } from "../encoders/preprocess/picture";
import type { EncoderInput, Preprocess } from "../encoders/preprocess/preprocess";
import { clamp } from "../numeric";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { RefineError } from "./error";
import { change, distribution, type FeatureDistribution, gap, type GapOptions } from "./gap";
import { jackknife, type RefineFigure } from "./jackknife";
import { RefineModel } from "./model";
import { RefinePlan } from "./plan";

/** A word of the language model. */
export interface RefineWord {
  text: string;
  /** Position in the vocabulary. */
  id: number;
}

/** Options of {@link record}. */
export interface RefineRecordOptions {
  /** Plan whose stages are recorded. */
  plan: RefinePlan;
  /** Pictures that the model is shown after each stage, at least 3. */
  pictures: readonly EncoderInput[];
  /** Preparation of pictures for the vision transformer. */
  preprocess: Preprocess;
  /** Words whose embeddings the pictures' tokens are compared with, at least 2. */
  words: readonly RefineWord[];
  /** Most tokens that enter the measures, spread evenly over each picture. Default 96. */
  sample?: number;
  /** Normalization of the distances, as in `refine.gap`. Default `none`. */
  normalize?: GapOptions["normalize"];
}

/** Distribution of the values of one layer. */
export interface RefineLayer {
  name: string;
  distribution: FeatureDistribution;
}

/** A model after a stage, as the pictures and words of a {@link StageRecord} show it. */
export interface RefineSnapshot {
  /** Name of the stage; `start` before the first. */
  readonly name: string;
  /** Channels of tokens and words. */
  readonly width: number;
  /** Visual tokens after the connector, [pictures · rows · columns, width]. */
  readonly tokens: Float32Array;
  /** Word embeddings, [words, width]. */
  readonly words: Float32Array;
  /** The figures of `refine.gap`, and `cka` with the tokens at the start, with 95 % intervals over the pictures. */
  readonly measures: Readonly<Record<string, RefineFigure>>;
  /** Blocks of each encoder, then the connector's tokens and the words. */
  readonly layers: readonly RefineLayer[];
}

const FN = "refine.record";
const NAMES: OptionNames<RefineRecordOptions> = {
  plan: true,
  pictures: true,
  preprocess: true,
  words: true,
  sample: true,
  normalize: true,
};

/** Snapshots of a model between the stages of a plan, for `view.refinement`. */
export class StageRecord {
  /** Snapshots in the order of the stages, the first one before training. */
  readonly snapshots: RefineSnapshot[] = [];
  /** Rows and columns of a picture's tokens after the connector; [0, 0] before the first snapshot. */
  grid: Grid = [0, 0];
  /** Texts of the words. */
  readonly words: readonly string[];

  /** @internal Use {@link record}. */
  constructor(
    private readonly options: RefineRecordOptions,
    /** The pictures as the model sees them. */
    readonly images: readonly RawImage[],
    private readonly pixels: Float32Array,
    private readonly shape: readonly [number, number, number, number],
  ) {
    checkArguments(
      "refine.StageRecord",
      RefineError,
      { options },
      { options: { plan: "object", pictures: "array", preprocess: "object", words: "array" } },
    );
    this.words = options.words.map(({ text }) => text);
  }

  /**
   * Takes a snapshot: hand it to `refine.train` as `onStage`. A number that was recorded before replaces its snapshot
   * and drops those after it.
   *
   * @param finished number of finished stages
   * @throws RefineError for a number that the plan or the record does not have next, or a word that the model does not have
   */
  async add(model: RefineModel, finished: number): Promise<void> {
    this.check(model, finished);
    const wasTraining = model.training;
    const { tokens, layers, words } = await this.lookedAt(model.eval()).finally(() => model.train(wasTraining));
    this.snapshots.length = finished;
    const width = words.length / this.words.length;
    const snapshot: RefineSnapshot = {
      name: finished === 0 ? "start" : this.options.plan.stages[finished - 1].name,
      width,
      tokens,
      words,
      measures: this.measures(tokens, words, width),
      layers: [...layers, layerOf("connector", tokens), layerOf("words", words)],
    };
    this.snapshots.push(snapshot);
  }

  private check(model: RefineModel, finished: number): void {
    const fn = "StageRecord.add";
    if (!(model instanceof RefineModel)) throw new RefineError(fn, "model must be a RefineModel", model);
    const most = Math.min(this.snapshots.length, this.options.plan.stages.length);
    if (!Number.isInteger(finished) || finished < 0 || finished > most)
      throw new RefineError(fn, `the number of finished stages must be a whole number of 0 to ${most}`, finished);
    const { vocab_size: size } = model.languageModel.config;
    const unknown = this.options.words.find(({ id }) => id >= size);
    if (unknown) throw new RefineError(fn, `ids of words must be below the vocabulary's size ${size}`, unknown.id);
  }

  /** Runs the model on the pictures, one by one, and embeds the words. */
  private async lookedAt(
    model: RefineModel,
  ): Promise<{ tokens: Float32Array; words: Float32Array; layers: RefineLayer[] }> {
    const count = this.images.length;
    const pixels = tf.tensor(this.pixels, [...this.shape]);
    const ids = Int32Array.from(this.options.words, ({ id }) => id);
    const [rows, columns] = model.vision.gridOf(this.shape);
    this.grid = [rows / model.connector.merge, columns / model.connector.merge];
    const blocks = model.vision.encoders.flatMap((encoder, e) => {
      const { intermediates } = encoder.forwardIntermediates(pixels, { outputFmt: "NLC", intermediatesOnly: true });
      const prefix = model.vision.encoders.length > 1 ? `encoder ${e + 1}, ` : "";
      return intermediates.map((values, i) => ({ name: `${prefix}block ${i + 1}`, values }));
    });
    const seen = tf.tidy(() => model.see(pixels, count));
    const embedded = tf.tidy(() => model.languageModel.embed(tf.tensor(ids, [1, ids.length], "int32")));
    pixels.dispose();
    const layers: RefineLayer[] = [];
    for (const { name, values } of blocks) layers.push(layerOf(name, await taken(values)));
    return { tokens: await taken(seen), words: await taken(embedded), layers };
  }

  private measures(tokens: Float32Array, words: Float32Array, width: number): Record<string, RefineFigure> {
    const { sample = 96, normalize } = this.options;
    const count = this.images.length;
    const cells = tokens.length / width / count;
    const each = clamp(Math.floor(sample / count), 1, cells);
    const picked = (all: Float32Array, without: number): Float32Array =>
      pickedRows(all, width, { pictures: count, cells, each, without });
    const first = this.snapshots.at(0)?.tokens ?? tokens;
    return jackknife(count, (without) => {
      const x = { data: picked(tokens, without), width };
      const most = Math.max(2, x.data.length / width, this.words.length);
      const found = gap(x, { data: words, width }, { normalize, sample: most });
      const { nearest, nearestBack, meanDistance, wasserstein, sliced, gromovWasserstein } = found;
      const { cka } = change({ data: picked(first, without), width }, x);
      return { nearest, nearestBack, meanDistance, wasserstein, sliced, gromovWasserstein, cka };
    });
  }
}

/** Some tokens of each picture but one, spread evenly over its grid. */
function pickedRows(
  all: Float32Array,
  width: number,
  { pictures, cells, each, without }: { pictures: number; cells: number; each: number; without: number },
): Float32Array {
  const kept = Array.from({ length: pictures }, (_, p) => p).filter((p) => p !== without);
  const out = new Float32Array(kept.length * each * width);
  kept.forEach((picture, k) => {
    for (let i = 0; i < each; i++) {
      const from = (picture * cells + Math.floor(((i + 0.5) * cells) / each)) * width;
      out.set(all.subarray(from, from + width), (k * each + i) * width);
    }
  });
  return out;
}

const layerOf = (name: string, values: Float32Array): RefineLayer => ({ name, distribution: distribution(values) });

async function taken(tensor: Tensor): Promise<Float32Array> {
  const values = Float32Array.from(await tensor.data());
  tensor.dispose();
  return values;
}

/**
 * Prepares a record of a model between the stages of a plan (SAILViT, arXiv 2507.01643): visual tokens and words in the language model's
 * space, the gap between them with intervals over the pictures (jackknife), and the distribution of every layer.
 *
 *     const record = await refine.record({ plan, pictures, preprocess, words });
 *     await refine.train({ model, plan, data, onStage: (model, finished) => record.add(model, finished) });
 *     await view.refinement(record);
 *
 * @throws RefineError for fewer than 3 pictures or 2 words, words without text or id, or an option out of range
 */
export async function record(options: RefineRecordOptions): Promise<StageRecord> {
  checkOptionNames(FN, options, NAMES, RefineError);
  checkRecord(options);
  const { pixelValues, dims } = await preprocess(options.pictures, options.preprocess, FN);
  const size = pixelValues.length / dims[0];
  const images = options.pictures.map((_, i) =>
    pictureOf(pixelValues.subarray(i * size, (i + 1) * size), options.preprocess),
  );
  return new StageRecord(options, images, pixelValues, dims);
}

function checkRecord({ plan, pictures, words, sample = 96 }: RefineRecordOptions): void {
  if (!(plan instanceof RefinePlan)) throw new RefineError(FN, "plan must be one of refine.plan", plan);
  for (const [name, list, least] of [
    ["pictures", pictures, 3],
    ["words", words, 2],
  ] as const)
    if (!Array.isArray(list) || list.length < least)
      throw new RefineError(FN, `${name} must be a list of at least ${least}`, list);
  const wrong = words.find(
    (word: Partial<RefineWord> | null) =>
      typeof word?.text !== "string" || !Number.isInteger(word.id) || (word.id as number) < 0,
  );
  if (wrong !== undefined) throw new RefineError(FN, "a word must have a text and an id of at least 0", wrong);
  if (!Number.isInteger(sample) || sample < 4)
    throw new RefineError(FN, "sample must be a whole number of at least 4", sample);
}
