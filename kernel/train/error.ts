import { RuleError } from "../rule-error";

/** Error for a training that cannot continue or has invalid options. */
export class TrainError extends RuleError {
  override name = "TrainError";
}
