import type { RuleError } from "./rule-error";
import { isRecord } from "./json-text";

/** Table of all names of an options type; the compiler refuses one that is missing or too many. */
export type OptionNames<T> = { readonly [K in keyof T]-?: true };

/** Class of a room's errors. */
type Failure = new (where: string, rule: string, received: unknown) => RuleError;

/**
 * Refuses options that a function does not know: a misspelt one would be ignored without a word. Also refuses those that have one kind
 * everywhere and are of another: `signal`, and functions to call such as `onProgress`.
 *
 * @throws the room's error, which lists the known names or names the option
 */
export function checkOptionNames<T extends object>(
  where: string,
  options: T,
  names: OptionNames<T>,
  Failure: Failure,
): void {
  if (!isRecord(options)) throw new Failure(where, "options must be an object", options);
  const stray = Object.keys(options).find((key) => !Object.hasOwn(names, key));
  if (stray !== undefined) throw new Failure(where, `options are ${Object.keys(names).join(", ")}`, stray);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    if (name === "signal" && !isSignal(value)) throw new Failure(where, "signal must be an AbortSignal", value);
    if (/^on[A-Z]/.test(name) && typeof value !== "function")
      throw new Failure(where, `${name} must be a function`, value);
  }
}

/** A cell's own class of signals is another one than this file's, so its functions count. */
const isSignal = (value: unknown): boolean =>
  isRecord(value) && typeof value.throwIfAborted === "function" && typeof value.addEventListener === "function";

/** Returns the options that are given: one that is `undefined` counts as absent, so that it hides no default. */
export function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
