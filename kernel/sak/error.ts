import { RuleError } from "../rule-error";

/** Error for a broken rule of a student of several teachers. */
export class SakError extends RuleError {
  override name = "SakError";
}
