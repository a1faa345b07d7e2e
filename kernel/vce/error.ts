import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of visual cue enhancement. */
export class VceError extends RuleError {
  override name = "VceError";
}
