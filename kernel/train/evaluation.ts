import { checkPicture, type MatrixPicture } from "../picture";

/** Numbers of an evaluation and pictures beside them, as of a gate's activity. */
export interface Evaluation {
  metrics: Record<string, number>;
  pictures: readonly MatrixPicture[];
}

/** Numbers about the model as it is, in evaluation mode. */
export interface Validation {
  run(): Record<string, number> | Evaluation | Promise<Record<string, number> | Evaluation>;
  /** Updates between two; default one epoch. A stage's last update is always followed by one. */
  every?: number;
}

/** @throws RuleError for a picture that does not hold what it says */
export function evaluationOf(given: Record<string, number> | Evaluation): Evaluation {
  if (!isEvaluation(given)) return { metrics: given, pictures: [] };
  for (const picture of given.pictures) checkPicture("train.fit", picture);
  return given;
}

function isEvaluation(given: Record<string, number> | Evaluation): given is Evaluation {
  return typeof given.metrics === "object" && Array.isArray(given.pictures);
}
