import { runInNewContext } from "node:vm";
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
  try {
    const json = runInNewContext(SCRIPT, { expression, texts, JSON }, { timeout: TIMEOUT_MS }) as string;
    return JSON.parse(json) as (string[] | null)[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new LoraError(fn, `a regular expression must end within ${TIMEOUT_MS} ms`, pattern);
  }
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
