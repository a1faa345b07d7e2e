import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of the publish room. */
export class PublishError extends RuleError {
  override name = "PublishError";
}
