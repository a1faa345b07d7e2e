import { RuleError } from "../rules/rule-error";

/** Features on disk that cannot be written or read as asked. */
export class FeatureError extends RuleError {
  override name = "FeatureError";
}
