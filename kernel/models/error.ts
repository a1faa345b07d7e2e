import { RuleError } from "../rules/rule-error";

/** A model that was asked for something against its rules. */
export class ModelError extends RuleError {
  override name = "ModelError";
}
