import { tf } from "../backend/tf";
import * as nn from "../nn";
import { countedPlaces } from "../models/vision-language-model";
import { wilson } from "../numeric";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { RefineError } from "./error";
import { batch, hiddenOf, type RefineBatch, type RefineExample } from "./loss";
import { RefineModel } from "./model";
import { patientBar } from "../display/progress";

/** Options of {@link score}. */
export interface RefineScoreOptions {
  /** Number of examples that are computed together. Default 32. */
  batchSize?: number;
  /** Called after each batch with the numbers of scored and of all examples. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** Share of examples whose text a model finds. */
export interface RefineScore {
  /** Share in 0..1. */
  accuracy: number;
  /** 95 % interval of the share over examples (Wilson 1927). */
  interval: readonly [low: number, high: number];
  right: number;
  total: number;
}

const FN = "refine.score";
const NAMES: OptionNames<RefineScoreOptions> = { batchSize: true, onProgress: true, signal: true };

/**
 * Scores a model on pictures with prompts and texts: an example is right where each word of its text is the most likely one after the
 * picture, the prompt and the right words before it. For answers of one word this is their accuracy. A refined transformer is
 * judged so under a fresh connector and language model (SAILViT, arXiv 2507.01643).
 *
 * @throws RefineError for no examples, or examples that `refine.batch` refuses
 */
export async function score(
  model: RefineModel,
  examples: readonly RefineExample[],
  options: RefineScoreOptions = {},
): Promise<RefineScore> {
  checkOptionNames(FN, options, NAMES, RefineError);
  const { batchSize = 32, onProgress = patientBar("Scoring", "examples"), signal } = options;
  if (!(model instanceof RefineModel)) throw new RefineError(FN, "model must be a RefineModel", model);
  if (!Array.isArray(examples) || !examples.length)
    throw new RefineError(FN, "examples must be a list of at least one", examples);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RefineError(FN, "batchSize must be a whole number above 0", batchSize);
  const total = examples.length;
  const wasTraining = model.training;
  model.eval();
  let right = 0;
  try {
    for (let at = 0; at < total; at += batchSize) {
      signal?.throwIfAborted();
      right += await rightIn(model, batch(examples.slice(at, at + batchSize)));
      onProgress({ done: Math.min(at + batchSize, total), total });
    }
  } finally {
    model.train(wasTraining);
  }
  return { accuracy: right / total, interval: wilson(right / total, total), right, total };
}

/** Number of examples of a batch whose counted words are all the most likely ones. */
async function rightIn(model: RefineModel, one: RefineBatch): Promise<number> {
  const found = tf.tidy(() => {
    const { places } = countedPlaces(FN, tf.tensor(one.targets, [...one.size], "int32"));
    return tf.argMax(model.languageModel.logits(nn.gatherRows(hiddenOf(model, one), places)), 1);
  });
  const words = await found.data();
  found.dispose();
  const [count, length] = one.size;
  const isRight = new Array<boolean>(count).fill(true);
  let at = 0;
  one.targets.forEach((target, place) => {
    if (target >= 0 && words[at++] !== target) isRight[Math.floor(place / length)] = false;
  });
  return isRight.filter(Boolean).length;
}
