import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of the law room. */
export class LawError extends RuleError {
  override name = "LawError";
}
