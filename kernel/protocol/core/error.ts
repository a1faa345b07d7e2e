import { RuleError } from "../../rule-error";

export { describeValue } from "../../rule-error";

/** A rule of the views that was broken. */
export class ViewError extends RuleError {
  override name = "ViewError";
  readonly code: string = "view";
}
