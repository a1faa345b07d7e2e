import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of adapters, or an adapter file that breaks its format. */
export class LoraError extends RuleError {
  override name = "LoraError";
}
