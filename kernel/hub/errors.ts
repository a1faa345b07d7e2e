import { RuleError } from "../rule-error";

/** A file of the hub that cannot be had. */
export class HubError extends RuleError {
  override name = "HubError";

  constructor(
    where: string,
    rule: string,
    received: unknown,
    /** The HTTP status that the hub answered with; null where it is not about an answer. */
    readonly status: number | null = null,
  ) {
    super(where, rule, received);
  }
}
