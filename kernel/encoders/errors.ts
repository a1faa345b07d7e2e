/** Prints a value for an error message, short enough for one line. */
function show(value: unknown): string {
  const text =
    typeof value === "string" ? JSON.stringify(value) : Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** An encoder that cannot do what was asked: says which function refused, by which rule, and what it saw. */
export class EncoderError extends Error {
  override name = "EncoderError";

  constructor(
    readonly fn: string,
    readonly rule: string,
    readonly value: unknown,
  ) {
    super(`${fn}: ${rule}, got ${show(value)}`);
  }
}
