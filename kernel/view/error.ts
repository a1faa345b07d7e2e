/** A rule of the views that was broken: names the public function, the rule and the value received. */
export class ViewError extends Error {
  readonly code = "view";

  constructor(
    /** The public function, e.g. `view.correspondence`. */
    readonly where: string,
    /** What must hold, e.g. `alpha must lie in (0, 1]`. */
    readonly rule: string,
    readonly received?: unknown,
  ) {
    super(`${where}: ${rule}${received === undefined ? "" : `, received ${describeValue(received)}`}`);
    this.name = "ViewError";
  }
}

/** A short text for any value: strings quoted, arrays and objects named by size, never a dump of a tensor. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (Array.isArray(value)) return describeArray(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (typeof value === "object" && value !== null)
    return `an object with keys [${Object.keys(value).slice(0, 8).join(", ")}]`;
  return String(value);
}

function describeArray(value: unknown[]): string {
  const short = value.length <= 6 && value.every((item) => typeof item === "number" || typeof item === "string");
  return short ? JSON.stringify(value) : `an array of ${value.length}`;
}
