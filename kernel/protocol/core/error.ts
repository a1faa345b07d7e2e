import { RuleError } from "../../rules/rule-error";

export { describeValue } from "../../rules/rule-error";

/** A rule of the views that was broken. */
export class ViewError extends RuleError {
  override name = "ViewError";
  readonly code: string = "view";
}
