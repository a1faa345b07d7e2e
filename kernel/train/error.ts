import { RuleError } from "../rule-error";

/** Training that cannot go on, or was set up against its rules. */
export class TrainError extends RuleError {
  override name = "TrainError";
}
