import { tf } from "../backend/tf";
import type { Beit3Input } from "../models/beit3/beit3";
import { checkOptionNames, type OptionNames } from "../option-names";
import { BoxPrecision, type BoxPrecisionResult } from "../tasks/boxes/precision";
import { type GeneralizedResult, GeneralizedScore, type GeneralizedScoreOptions } from "../tasks/boxes/generalized";
import { iou } from "../tasks/boxes/plain";
import type { BatchSource } from "../train/batches";
import type { LossWithMetrics } from "../train/update";
import type { GroundingBatch } from "./batches";
import type { ConfidenceSample } from "./confidence";
import type { GroundingBranch } from "./config";
import { GroundingError } from "./error";
import { groundingLoss, type GroundingLossOptions } from "./loss";
import { type Detections, detectionsOf, type SimVg } from "./model";

/** Options of {@link groundingStep}. */
export interface GroundingStepOptions extends GroundingLossOptions {
  /** Branches that run and learn. Default: those of the model. */
  branch?: GroundingBranch;
}

/** Returns the tensors of a batch; the caller frees them. */
export function inputOf({ pixels, shape, phrases: { ids, mask, length } }: GroundingBatch): Beit3Input {
  const rows: [number, number] = [shape[0], length];
  return {
    pixels: tf.tensor(pixels, [...shape]),
    text: tf.tensor2d(ids, rows, "int32"),
    textMask: tf.tensor2d(mask, rows, "int32"),
  };
}

/**
 * Makes the loss for `train.fit` (arXiv 2409.17531, section 3.3): both branches with distillation, or one branch alone, each part as a metric.
 *
 *     await train.fit({ model, data, loss: grounding.groundingStep(model), stages: [grounding.groundingStage(model)] });
 */
export function groundingStep(
  model: SimVg,
  options: GroundingStepOptions = {},
): (batch: GroundingBatch) => LossWithMetrics {
  const { branch, ...kind } = options;
  return (batch) => groundingLoss(model.forward(inputOf(batch), branch), batch.targets, kind);
}

/** Options of {@link predict}. */
export interface PredictOptions {
  /** Branch whose boxes are returned; the other one does not run. Default `token`, or the only one. */
  branch?: "token" | "decoder";
}

/**
 * Returns boxes in pixels with their scores, in the order of the queries. Nothing is dropped meanwhile, also in a model that trains.
 *
 * @throws GroundingError for a branch that the model lacks
 */
export function predict(model: SimVg, batch: GroundingBatch, options: PredictOptions = {}): Detections {
  checkOptionNames("grounding.predict", options, { branch: true }, GroundingError);
  const { branch = model.head.config.branches === "decoder" ? "decoder" : "token" } = options;
  const sizes = batch.expressions.map(({ image }) => [image.width, image.height] as const);
  let found: Detections = [];
  const { training } = model;
  model.eval();
  try {
    tf.tidy(() => {
      const { token, decoder = [] } = model.forward(inputOf(batch), branch);
      found = detectionsOf(token ?? decoder[decoder.length - 1], sizes);
    });
  } finally {
    model.train(training);
  }
  return found;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends PredictOptions {
  /** Thresholds of the scores for expressions without target or with several. Default: those of the paper. */
  generalized?: GeneralizedScoreOptions;
  /** Called after each batch. Default: not called. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** Scores of a model. */
export interface Evaluation {
  /** Prec@0.5 of the expressions with one target, by split; the box is that of the highest score. */
  precision: Record<string, BoxPrecisionResult>;
  /** Scores over all expressions, also those without target or with several. */
  generalized: GeneralizedResult;
  /** Score of the best box of each expression with one target, and whether it is right, for `grounding.confidence`. */
  samples: ConfidenceSample[];
}

const EVALUATE_NAMES: OptionNames<EvaluateOptions> = {
  branch: true,
  generalized: true,
  onProgress: true,
  signal: true,
};

/**
 * Scores a model on a source of batches, once each.
 *
 * @throws GroundingError for a branch that the model lacks
 */
export async function evaluate(
  model: SimVg,
  source: BatchSource<GroundingBatch>,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkOptionNames("grounding.evaluate", options, EVALUATE_NAMES, GroundingError);
  const { branch, generalized, onProgress, signal } = options;
  const [precision, score] = [new BoxPrecision(), new GeneralizedScore(generalized)];
  const samples: ConfidenceSample[] = [];
  for (let index = 0; index < source.length; index++) {
    signal?.throwIfAborted();
    const batch = await source.batch(0, index);
    predict(model, batch, { branch }).forEach((found, i) => {
      const { boxes, split } = batch.expressions[i];
      const best = found.reduce((a, b) => (b.score > a.score ? b : a));
      score.add(found, boxes);
      if (boxes.length !== 1) return;
      precision.add(best.box, boxes[0], split);
      samples.push({ score: best.score, correct: iou(best.box, boxes[0]) >= precision.threshold });
    });
    onProgress?.({ done: index + 1, total: source.length });
  }
  return { precision: precision.table(), generalized: score.value(), samples };
}
