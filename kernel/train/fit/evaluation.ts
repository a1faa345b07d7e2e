import { checkPicture, type MatrixPicture } from "../../contracts/picture";

/** Numbers of an evaluation, with pictures such as a gate's activity. */
export interface Evaluation {
  metrics: Record<string, number>;
  pictures: readonly MatrixPicture[];
}

/** Evaluation of the model during training, in evaluation mode. */
export interface Validation {
  run(): Record<string, number> | Evaluation | Promise<Record<string, number> | Evaluation>;
  /** Updates between two validations. A stage's last update is always followed by one. Default: one epoch. */
  every?: number;
}

/**
 * Normalises a result to an evaluation.
 *
 * @throws RuleError for a picture whose data does not match its description
 */
export function evaluationOf(given: Record<string, number> | Evaluation): Evaluation {
  if (!isEvaluation(given)) return { metrics: given, pictures: [] };
  for (const picture of given.pictures) checkPicture("train.fit", picture);
  return given;
}

function isEvaluation(given: Record<string, number> | Evaluation): given is Evaluation {
  return typeof given.metrics === "object" && Array.isArray(given.pictures);
}
