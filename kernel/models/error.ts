import { RuleError } from "../rule-error";

/** Error for a broken rule of multimodal models. */
export class MultimodalError extends RuleError {
  override name = "MultimodalError";
}
