import { TaskError } from "../error";
import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import type { Batch, VisionLanguageModel } from "../../models/vision-language-model";
import type { Pictures } from "./examples";
import type { AnswerBatch } from "./sequences";
import { halfToFloat } from "../../numeric";

/** Mean and standard deviation of each level by channel, over the training pictures, because levels differ in scale. */
export class FeatureScale {
  private readonly means: Float32Array[];
  private readonly factors: Float32Array[];

  /** @param most largest number of pictures to measure */
  constructor(
    private readonly pictures: Pictures,
    most = 256,
  ) {
    const found = pictures.indices.map((_, level) => this.momentsOf(level, Math.min(most, pictures.count)));
    this.means = found.map(({ means }) => means);
    this.factors = found.map(({ factors }) => factors);
  }

  private momentsOf(level: number, count: number): { means: Float32Array; factors: Float32Array } {
    const { channels, grid } = this.pictures;
    const [sums, squares] = [new Float64Array(channels), new Float64Array(channels)];
    for (let picture = 0; picture < count; picture++) {
      const values = halfToFloat(this.pictures.bits(picture, level));
      values.forEach((value, i) => {
        sums[i % channels] += value;
        squares[i % channels] += value * value;
      });
    }
    const number = count * grid[0] * grid[1];
    const means = Float32Array.from(sums, (sum) => sum / number);
    const factors = Float32Array.from(squares, (sum, c) => 1 / Math.sqrt(Math.max(1e-6, sum / number - means[c] ** 2)));
    return { means, factors };
  }

  /** Returns a level of some pictures of any split, [B, tokens, channels], with mean 0 and deviation 1 in training. */
  level(pictures: Pictures, chosen: readonly number[], level: number): Tensor {
    const { channels, grid } = pictures;
    const [means, factors] = [this.means[level], this.factors[level]];
    const size = grid[0] * grid[1] * channels;
    const values = new Float32Array(chosen.length * size);
    chosen.forEach((picture, row) => {
      const part = halfToFloat(pictures.bits(picture, level));
      for (let i = 0; i < size; i++) values[row * size + i] = (part[i] - means[i % channels]) * factors[i % channels];
    });
    return tf.tensor(values, [chosen.length, size / channels, channels]);
  }
}

/** Source of a model's pictures. */
export interface Sight {
  pictures: Pictures;
  scale: FeatureScale;
  /** Use zeros for every picture. Default false. */
  blind?: boolean;
}

/** Returns a batch as tensors: all levels for VCE, the first one without it. */
export function tensorsOf({ pictures: chosen, ids, mask, length }: AnswerBatch, sight: Sight, vce: boolean): Batch {
  const { pictures, scale, blind } = sight;
  const wanted = vce ? [...pictures.indices.keys()] : [0];
  const seen = wanted.map((level) => scale.level(pictures, chosen, level));
  const shape = [chosen.length, length] as [number, number];
  return {
    levels: blind ? seen.map((level) => tf.zerosLike(level)) : seen,
    ids: tf.tensor(ids, shape, "int32"),
    mask: tf.tensor(mask, shape, "int32"),
  };
}

/** Returns the logits at the places of answers, [answers, vocabulary]. */
export function answerLogits(model: VisionLanguageModel, batch: AnswerBatch, sight: Sight): Tensor {
  checkArguments(
    "tasks.answers.logits",
    TaskError,
    { model, batch, sight },
    {
      model: "module",
      batch: { pictures: "list", ids: "list", mask: "list", answers: "array" },
      sight: { pictures: "object", scale: "object" },
    },
  );
  const places = tf.tensor(
    batch.answers.map(({ place }) => place),
    [batch.answers.length],
    "int32",
  );
  return model.logitsAt(tensorsOf(batch, sight, model.vce !== null), places);
}

/** Returns the mean cross-entropy of the answers. */
export function answerLoss(model: VisionLanguageModel, batch: AnswerBatch, sight: Sight): Tensor {
  checkArguments(
    "tasks.answers.loss",
    TaskError,
    { model, batch, sight },
    {
      model: "module",
      batch: { pictures: "list", ids: "list", mask: "list", answers: "array" },
      sight: { pictures: "object", scale: "object" },
    },
  );
  const words = tf.tensor(
    batch.answers.map(({ word }) => word),
    [batch.answers.length],
    "int32",
  );
  return nn.crossEntropy(answerLogits(model, batch, sight), words);
}
