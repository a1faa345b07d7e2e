import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of layers, losses and parameters. */
export class NnError extends RuleError {
  override name = "NnError";
}
