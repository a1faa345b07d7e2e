import { RuleError } from "../../rules/rule-error";

/** Error for a data set of the world that cannot be written, or an invalid option. */
export class WorldError extends RuleError {
  override name = "WorldError";
}
