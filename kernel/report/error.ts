import { RuleError } from "../rules/rule-error";

/** Error for a broken rule of the report room. */
export class ReportError extends RuleError {
  override name = "ReportError";
}
