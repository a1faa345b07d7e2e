/** A broken rule: every error of the library says which function refused, by which rule, and what it received. */
export class RuleError extends Error {
  override name = "RuleError";

  constructor(
    /** The public function, e.g. `encoders.load`. */
    readonly where: string,
    /** What must hold, e.g. `layer 13 is out of range, legal layers are -12..11`. */
    readonly rule: string,
    readonly received: unknown,
  ) {
    super(`${where}: ${rule}, received ${describeValue(received)}`);
  }
}

const LONGEST = 300;

/** A short text for any value: strings quoted, arrays and objects cut or named by their keys, never a dump of a tensor. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (Array.isArray(value)) return describeArray(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (value instanceof Error) return value.message;
  if (typeof value === "object" && value !== null) {
    return `an object with keys [${Object.keys(value).slice(0, 8).join(", ")}]`;
  }
  return String(value);
}

function describeArray(value: unknown[]): string {
  const plain = value.every((item) => item === null || typeof item === "number" || typeof item === "string");
  return plain && value.length <= 12 ? `[${value.join(", ")}]` : `an array of ${value.length}`;
}
