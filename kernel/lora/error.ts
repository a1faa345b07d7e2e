import { RuleError } from "../rule-error";

/** An adapter that was used against its rules, or a file of one that breaks its format. */
export class LoraError extends RuleError {
  override name = "LoraError";
}
