import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of a study. */
export class StudyError extends RuleError {
  override name = "StudyError";
}
