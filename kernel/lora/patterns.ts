import { runInNewContext } from "node:vm";
import { LoraError } from "./error";

/**
 * Time limit of one expression. A hostile file can hold one that never ends; an honest one never takes this long over a
 * model's names.
 */
const TIMEOUT_MS = 1_000;

const SCRIPT = `JSON.stringify(texts.map((text) => { const found = expression.exec(text); return found && [...found]; }))`;

/**
 * Matches a regular expression against each text: the match and its groups, or null. Expressions come from foreign
 * files: Python's named groups are understood, and an endless expression is stopped.
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

/** Tests whether the expression matches each text as a whole. */
export function matchesWhole(fn: string, pattern: string, texts: readonly string[]): boolean[] {
  return matchesOf(fn, `^(?:${pattern})$`, texts).map((found) => found !== null);
}
