/** Prints a value for an error message, short enough for one line. */
function show(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** A file of the hub that cannot be had: says which function refused it, by which rule, and what it saw. */
export class HubError extends Error {
  override name = "HubError";

  constructor(
    readonly fn: string,
    readonly rule: string,
    readonly value: unknown,
    /** The HTTP status that the hub answered with; null where it is not about an answer. */
    readonly status: number | null = null,
  ) {
    super(`${fn}: ${rule}, got ${show(value)}`);
  }
}
