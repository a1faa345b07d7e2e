import { RuleError } from "../rule-error";

/** A layer, loss or parameter that was used against its rules. */
export class NnError extends RuleError {
  override name = "NnError";
}
