import type { RuleError } from "./rule-error";
import { isRecord } from "./json-text";

/** Table of all names of an options type; the compiler refuses one that is missing or too many. */
export type OptionNames<T> = { readonly [K in keyof T]-?: true };

/** Class of a room's errors. */
type Failure = new (where: string, rule: string, received: unknown) => RuleError;

/**
 * Refuses options that a function does not know: a misspelt one would be ignored without a word.
 *
 * @throws the room's error, which lists the known names
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
}

/** Returns the options that are given: one that is `undefined` counts as absent, so that it hides no default. */
export function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
