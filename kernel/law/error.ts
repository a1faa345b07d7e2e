import { RuleError } from "../rule-error";

/** A rule of this room that was broken. */
export class LawError extends RuleError {
  override name = "LawError";
}
