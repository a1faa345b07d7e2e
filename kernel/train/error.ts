import { RuleError } from "../rules/rule-error";

/** Error for a training that cannot continue or has invalid options. */
export class TrainError extends RuleError {
  override name = "TrainError";
}

/** Error for a loss or gradient that is not finite; the parameters are as before the step. */
export class NotFiniteError extends TrainError {
  override name = "NotFiniteError";
}
