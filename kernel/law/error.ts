/** A rule of this room that was broken: names the function, the rule and the value received. */
export class LawError extends Error {
  constructor(
    readonly where: string,
    readonly rule: string,
    readonly received: unknown,
  ) {
    super(`${where}: ${rule}, received ${describe(received)}`);
    this.name = "LawError";
  }
}

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
