import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of gradual refinement (arXiv 2507.01643). */
export class RefineError extends RuleError {
  override name = "RefineError";
}
