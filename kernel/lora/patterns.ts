import { platform } from "../platform";
import { LoraError } from "./error";

/** A file's expression may be made to run for ever; nobody's own takes this long over a model's names. */
const TIMEOUT_MS = 1_000;

const SCRIPT = `JSON.stringify(texts.map((text) => { const found = expression.exec(text); return found && [...found]; }))`;

/**
 * What a regular expression finds in each text: the match and its groups, or null. Expressions come from files written
 * elsewhere: Python's named groups are understood, and an expression that does not end is stopped.
 *
 * @throws LoraError for an expression that JavaScript does not know, or that takes longer than a second
 */
export function matchesOf(fn: string, pattern: string, texts: readonly string[]): (string[] | null)[] {
  const expression = compile(fn, pattern);
  const json = platform().evaluateWithin(TIMEOUT_MS, SCRIPT, { expression, texts, JSON });
  if (json === undefined) throw new LoraError(fn, `a regular expression must end within ${TIMEOUT_MS} ms`, pattern);
  return JSON.parse(json as string) as (string[] | null)[];
}

function compile(fn: string, pattern: string): RegExp {
  try {
    return new RegExp(pattern.replaceAll("(?P<", "(?<").replace(/\(\?P=(\w+)\)/g, "\\k<$1>"));
  } catch (error) {
    throw new LoraError(fn, `a regular expression must be one of JavaScript (${(error as Error).message})`, pattern);
  }
}

/** Whether each text as a whole is what the expression describes. */
export function matchesWhole(fn: string, pattern: string, texts: readonly string[]): boolean[] {
  return matchesOf(fn, `^(?:${pattern})$`, texts).map((found) => found !== null);
}
