import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of visual grounding (SimVG, arXiv 2409.17531). */
export class GroundingError extends RuleError {
  override name = "GroundingError";
}
