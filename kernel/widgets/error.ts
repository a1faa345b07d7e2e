import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of widgets, in the kernel or in a message of the front end. */
export class WidgetError extends RuleError {
  override name = "WidgetError";
}
