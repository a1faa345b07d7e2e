import { RuleError } from "../rules/rule-error";

/** A study that was asked for something against its rules. */
export class StudyError extends RuleError {
  override name = "StudyError";
}
