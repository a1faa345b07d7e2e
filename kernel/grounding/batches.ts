import { checkArguments } from "../rules/arguments";
import type { ImageInput } from "../data/image";
import type { ReferExpression, ReferImage } from "../data/refer/expression";
import { preprocess } from "../encoders/preprocess/batch";
import type { Tokenizer } from "../encoders/tokenizer/tokenizer";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { join } from "../platform/path";
import type { BoxTargets } from "../tasks/boxes/loss";
import { type CenterBox, toCenter } from "../tasks/boxes/plain";
import { batches as inOrder, type BatchOptions, type BatchSource } from "../train/batches/batches";
import { GroundingError } from "./error";
import type { SimVg } from "./model";
import { cleanPhrase, encodePhrases, type EncodedPhrases, type PhraseOptions } from "./phrases";
import { type ChannelStatistics, stretchTo } from "./preprocess";

/** Pictures and phrases with their boxes, in plain data. */
export interface GroundingBatch {
  /** Pictures, [B, 3, height, width]. */
  pixels: Float32Array;
  /** Shape of the pictures. */
  shape: readonly [batch: number, channels: number, height: number, width: number];
  /** Ids of the phrases. */
  phrases: EncodedPhrases;
  /** Boxes of each phrase: center and size as shares of the picture. */
  targets: BoxTargets;
  /** Expressions of the batch, with boxes in pixels. */
  expressions: readonly ReferExpression[];
}

/** Expressions, pictures and order of {@link batches}. */
export interface GroundingBatchOptions extends Omit<BatchOptions, "batchSize">, ChannelStatistics {
  /** Expressions, such as those of `data.refer.read`. */
  expressions: readonly ReferExpression[];
  /** Folder of the pictures, or a function that returns a picture. */
  images: string | ((image: ReferImage) => ImageInput | Promise<ImageInput>);
  /** Tokenizer of the phrases. */
  tokenizer: Pick<Tokenizer, "encode">;
  /** Treatment of phrases. Default: as `grounding.encodePhrases`. */
  phrases?: PhraseOptions;
  /** Bring phrases to lower case without marks, as the release. Default true. */
  clean?: boolean;
  /** Expressions in a batch. Default 32. */
  batchSize?: number;
}

const FN = "grounding.batches";
const NAMES: OptionNames<GroundingBatchOptions> = {
  expressions: true,
  images: true,
  tokenizer: true,
  phrases: true,
  clean: true,
  mean: true,
  std: true,
  batchSize: true,
  shuffle: true,
  seed: true,
  dropLast: true,
};

/**
 * Returns batches for `train.fit`: pictures are stretched to the encoder's size (arXiv 2409.17531, section 4.1), so that boxes are the same
 * shares of them.
 *
 * @throws GroundingError for an unknown option, or an expression without a picture's size or with a box of no area in it; of a batch, for a
 *   phrase that cannot be encoded
 * @throws ImageError for a picture that cannot be read
 */
export function batches(model: SimVg, options: GroundingBatchOptions): BatchSource<GroundingBatch> {
  checkArguments("grounding.batches", GroundingError, { model }, { model: "module" });
  checkOptionNames(FN, options, NAMES, GroundingError);
  const { expressions, tokenizer, clean = true, batchSize = 32, shuffle, seed, dropLast } = options;
  checkArguments(FN, GroundingError, { expressions }, { expressions: [EXPRESSION] });
  for (const [at, one] of expressions.entries()) checkBoxes(one, at);
  const source = inOrder(expressions, { batchSize, shuffle, seed, dropLast });
  const plan = stretchTo(model.encoder.config.imgSize, options);
  return {
    length: source.length,
    batch: async (epoch, index) => {
      const some = await source.batch(epoch, index);
      const inputs = await Promise.all(some.map(({ image }) => pictureOf(options.images, image)));
      const { pixelValues, dims } = await preprocess(inputs, plan, FN);
      const texts = some.map(({ phrase }) => (clean ? cleanPhrase(phrase) : phrase));
      const phrases = encodePhrases(tokenizer, texts, options.phrases);
      return { pixels: pixelValues, shape: dims, phrases, targets: some.map(targetsOf), expressions: some };
    },
  };
}

const EXPRESSION = { image: { width: "size", height: "size" }, phrase: "string", boxes: ["array"] } as const;

/** Refuses boxes that nothing can be learned from; a pixel beyond the edge, which real files have by rounding, is none of them. */
function checkBoxes({ boxes, image: { width, height } }: ReferExpression, at: number): void {
  for (const box of boxes) {
    const [left, top, right, bottom] = box;
    const isFinite = box.length === 4 && box.every((edge) => Number.isFinite(edge));
    if (!isFinite) throw new GroundingError(FN, `a box of expression ${at} must be 4 finite numbers`, box);
    const isInside = left >= -1 && top >= -1 && right <= width + 1 && bottom <= height + 1;
    if (!(right > left && bottom > top && isInside))
      throw new GroundingError(
        FN,
        `a box of expression ${at} must have an area in its picture of ${width} x ${height}`,
        box,
      );
  }
}

const pictureOf = (images: GroundingBatchOptions["images"], image: ReferImage): ImageInput | Promise<ImageInput> =>
  typeof images === "string" ? join(images, image.fileName) : images(image);

function targetsOf({ boxes, image: { width, height } }: ReferExpression): CenterBox[] {
  return boxes.map(([left, top, right, bottom]) =>
    toCenter([left / width, top / height, right / width, bottom / height]),
  );
}
