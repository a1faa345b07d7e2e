/** Prints a value for an error message, short enough for one line. */
function show(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** An ONNX file or graph that cannot be used: says which function refused it, by which rule, and what it saw. */
export class OnnxError extends Error {
  override name = "OnnxError";

  constructor(
    readonly fn: string,
    readonly rule: string,
    readonly value: unknown,
  ) {
    super(`${fn}: ${rule}, got ${show(value)}`);
  }
}
