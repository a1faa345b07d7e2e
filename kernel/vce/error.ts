import { RuleError } from "../rule-error";

/** Visual cue enhancement that was asked for something against its rules. */
export class VceError extends RuleError {
  override name = "VceError";
}
