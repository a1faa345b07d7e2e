import { RuleError } from "../rules/rule-error";

/** Error for a request that an encoder cannot fulfil. */
export class EncoderError extends RuleError {
  override name = "EncoderError";
}
