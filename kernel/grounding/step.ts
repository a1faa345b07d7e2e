import { checkArguments } from "../rules/arguments";
import { tf } from "../backend/tf";
import type { Beit3Input } from "../models/beit3/beit3";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import type { LossWithMetrics } from "../train/update/update";
import type { GroundingBatch } from "./batches";
import { type GroundingBranch, predictingBranch } from "./config";
import { GroundingError } from "./error";
import { type GroundingLossOptions, loss } from "./loss";
import { type Detections, detectionsOf, type SimVg } from "./model";

/** Options of {@link step}. */
export interface GroundingStepOptions extends GroundingLossOptions {
  /** Branches that run and learn. Default: those of the model. */
  branch?: GroundingBranch;
}

const NAMES: OptionNames<GroundingStepOptions> = {
  decoder: true,
  token: true,
  distillation: true,
  balance: true,
  boxes: true,
  branch: true,
};

/** Returns the tensors of a batch; the caller frees them. */
export function inputOf(batch: GroundingBatch): Beit3Input {
  checkArguments(
    "grounding.inputOf",
    GroundingError,
    { batch },
    { batch: { pixels: "list", shape: "list", phrases: "object" } },
  );
  const {
    pixels,
    shape,
    phrases: { ids, mask, length },
  } = batch;
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
 *     await train.fit({ model, data, loss: grounding.step(model), stages: [grounding.stage(model)] });
 *
 * @throws GroundingError for an unknown option; of a batch, for a branch that the model lacks
 */
export function step(model: SimVg, options: GroundingStepOptions = {}): (batch: GroundingBatch) => LossWithMetrics {
  const { branch, ...kind } = options;
  checkOptionNames("grounding.step", options, NAMES, GroundingError);
  return (batch) => loss(model.forward(inputOf(batch), branch), batch.targets, kind);
}

/** Options of {@link predict}. */
export interface PredictOptions {
  /** Branch whose boxes are returned; the other one does not run. Default `token`, or the only one. */
  branch?: "token" | "decoder";
}

/**
 * Returns boxes in pixels with their scores, in the order of the queries. Dropout is off, even in a model that trains.
 *
 * @throws GroundingError for a branch that the model lacks
 */
export function predict(model: SimVg, batch: GroundingBatch, options: PredictOptions = {}): Detections {
  checkArguments("grounding.predict", GroundingError, { model, batch }, { model: "module", batch: "object" });
  checkOptionNames("grounding.predict", options, { branch: true }, GroundingError);
  const { branch = predictingBranch(model.head.config.branches) } = options;
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
