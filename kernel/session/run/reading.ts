/** Reads values of user code, where any access may throw and any text may be too long for a front end. */
import { platform } from "../../platform";
import type { InspectOptions } from "../../platform/types";

/** One text of an error or of a value is cut here. */
export const TEXT_LIMIT = 100_000;

/** The result of `read`, or `fallback` where it throws. */
export function attempt<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}

/** A property, or `undefined` where reading it throws. */
export function readProperty(value: object, name: string): unknown {
  return attempt(() => (value as Record<string, unknown>)[name], undefined);
}

/** Returns whether a value is an error, also one of another realm. */
export function isError(value: unknown): value is Error {
  return platform().isNativeError(value) || attempt(() => value instanceof Error, false);
}

/** A value as `util.inspect` shows it, cut; never throws. */
export function shown(value: unknown, options: InspectOptions = {}): string {
  return cut(attempt(() => platform().inspect(value, options), "(a value that cannot be inspected)"));
}

/** The property of an error as text: a string as it is, another value as `util.inspect` shows it. */
export function textOf(error: object, name: string): string {
  const value = readProperty(error, name);
  if (typeof value === "string") return cut(value);
  return value === undefined ? "" : shown(value);
}

/** The beginning of a text, with a note on what is left out. */
export function cut(text: string, limit = TEXT_LIMIT): string {
  return text.length <= limit
    ? text
    : `${text.slice(0, limit)}… [fovea: cut after ${limit} of ${text.length} characters]`;
}
