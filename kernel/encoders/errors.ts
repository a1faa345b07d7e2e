import { RuleError } from "../rule-error";

/** An encoder that cannot do what was asked. */
export class EncoderError extends RuleError {
  override name = "EncoderError";
}
