import { RuleError } from "../../rule-error";

/** A data set of the world that cannot be written, or an option that makes no sense. */
export class WorldError extends RuleError {
  override name = "WorldError";
}
