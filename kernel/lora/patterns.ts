import { platform } from "../platform";
import { LoraError } from "./error";
import { fromPython, type Translation } from "./python-regex/translate";

/**
 * Time limit of one expression. A hostile file can hold one that never ends; an honest one never takes this long over a
 * model's names.
 */
const TIMEOUT_MS = 1_000;

const SCRIPT = `JSON.stringify(texts.map((text) => { const found = expression.exec(text); return found && (found.groups?.kept ?? ""); }))`;

/** Returns, by name, whether a Python expression matches the whole name (`re.fullmatch`). */
export function matchesWhole(fn: string, pattern: string, names: readonly string[]): boolean[] {
  return find(fn, `^(?:${fromPython(fn, pattern)})$`, pattern, names).map((found) => found !== null);
}

/** Returns, by name, whether an expression matches the name or its end after a dot: PEFT's rule for ranks and alphas. */
export function matchesEnd(fn: string, pattern: string, names: readonly string[]): boolean[] {
  return matchesStart(fn, `(.*\\.)?(${pattern})$`, { shown: pattern }, names).map((found) => found !== null);
}

/** Returns, by name, whether an expression matches a part between dots: PEFT's rule for modules that are saved whole. */
export function matchesPart(fn: string, pattern: string, names: readonly string[]): boolean[] {
  return matchesStart(fn, `(^|.*\\.)${pattern}($|\\..*)`, { shown: pattern }, names).map((found) => found !== null);
}

/**
 * The number behind what an expression describes in each name; empty where it describes something else, null where
 * nothing.
 */
export function numbersBehind(fn: string, pattern: string, names: readonly string[]): (string | null)[] {
  const translation = { shown: pattern, kept: "idx" };
  return matchesStart(fn, `(?:^|.*?\\.)${pattern}\\.(?P<idx>\\d+)\\.`, translation, names);
}

/** Matches as Python's `re.match`. Returns, by name, the group that is kept, empty without one; null where nothing matches. */
function matchesStart(fn: string, pattern: string, translation: Translation, names: readonly string[]) {
  return find(fn, `^(?:${fromPython(fn, pattern, translation)})`, translation.shown ?? pattern, names);
}

function find(fn: string, source: string, shown: string, texts: readonly string[]): (string | null)[] {
  const expression = compile(fn, source, shown);
  let json: unknown;
  try {
    json = platform().evaluateWithin(TIMEOUT_MS, SCRIPT, { expression, texts, JSON });
  } catch (error) {
    throw new LoraError(fn, `a regular expression must fit JavaScript (${(error as Error).message})`, shown);
  }
  if (json === undefined) throw new LoraError(fn, `a regular expression must end within ${TIMEOUT_MS} ms`, shown);
  return JSON.parse(json as string) as (string | null)[];
}

function compile(fn: string, source: string, shown: string): RegExp {
  try {
    return new RegExp(source, "v");
  } catch (error) {
    throw new LoraError(fn, `a regular expression must fit JavaScript (${(error as Error).message})`, shown);
  }
}
