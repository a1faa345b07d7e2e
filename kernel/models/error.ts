import { RuleError } from "../rule-error";

/** A multimodal model that was asked for something against its rules. */
export class MultimodalError extends RuleError {
  override name = "MultimodalError";
}
