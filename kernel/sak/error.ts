import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of a student of several teachers (arXiv 2410.14633). */
export class SakError extends RuleError {
  override name = "SakError";
}
