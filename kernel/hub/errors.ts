import { RuleError } from "../rules/rule-error";

/** Error for an unavailable file of the hub. */
export class HubError extends RuleError {
  override name = "HubError";

  constructor(
    where: string,
    rule: string,
    received: unknown,
    /** HTTP status of the hub's answer; null for other errors. */
    readonly status: number | null = null,
  ) {
    super(where, rule, received);
  }
}
