/** Base of all errors of the library. It names the function that refused, the broken rule and the value received. */
export class RuleError extends Error {
  /** Name of the class of errors, as it is printed. */
  override name = "RuleError";

  constructor(
    /** Public function, e.g. `encoders.load`. */
    readonly where: string,
    /** Rule, e.g. `layer 13 is out of range, legal layers are -12..11`. */
    readonly rule: string,
    /** Value that broke the rule. */
    readonly received: unknown,
  ) {
    super(`${where}: ${rule}, received ${describeValue(received)}`);
  }
}

/** Returns a check that throws the room's error of this function where a rule does not hold. */
export function checker(
  where: string,
  RoomError: new (where: string, rule: string, received: unknown) => RuleError,
): (holds: boolean, rule: string, received: unknown) => void {
  return (holds, rule, received) => {
    if (!holds) throw new RoomError(where, rule, received);
  };
}

/** True for a whole number of at least `least`. */
export const isWhole = (value: unknown, least = 1): boolean => Number.isInteger(value) && (value as number) >= least;

const LONGEST = 300;

/**
 * Returns a short text for any value: strings quoted, arrays and objects truncated or named by their keys, never a dump
 * of a tensor.
 */
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
  return plain && value.length <= 12 ? `[${value.map(describeItem).join(", ")}]` : `an array of ${value.length}`;
}

/** Words stay bare; a text that is empty or reads as a number is quoted, so that it is seen to be a text. */
function describeItem(item: unknown): string {
  const isMistakable = typeof item === "string" && !Number.isNaN(Number(item));
  return isMistakable ? JSON.stringify(item) : String(item);
}
