import { RuleError } from "../rules/rule-error";

/** A task that was asked for something against its rules. */
export class TaskError extends RuleError {
  override name = "TaskError";
}
