import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of a measure of similarity. */
export class SimilarityError extends RuleError {
  override name = "SimilarityError";
}
