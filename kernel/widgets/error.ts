import { RuleError } from "../rule-error";

/** A widget that was made, set or answered by the front end against a rule. */
export class WidgetError extends RuleError {
  override name = "WidgetError";
}
