import { RuleError } from "../rules/rule-error";

/** A request of the side panel that cannot be met. */
export class OverviewRefusal extends RuleError {
  override name = "OverviewRefusal";

  constructor(rule: string, received: unknown) {
    super("fovea.overview", rule, received);
  }
}
