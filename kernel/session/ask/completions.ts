/** The compiler's completions that fit the typed text, best first. */
import type * as TypeScript from "typescript";
import type { Draft } from "../compile/cells";

const NAME_BEFORE = /[\p{ID_Continue}$]*$/u;
const NAME_AFTER = /^[\p{ID_Continue}$]*/u;
/** Order of editors: `floor` before `LN2`, `log` before `LOG2E`. */
const byName = new Intl.Collator("en", { numeric: true });

export interface Completion {
  name: string;
  kind: string;
}

export interface Completions {
  /** Start of the replaced text. */
  start: number;
  end: number;
  entries: Completion[];
}

/** Returns the completions at a cursor. */
export function completionsAt({ service, fileName, offset }: Draft, code: string, position: number): Completions {
  const info = service.getCompletionsAtPosition(fileName, offset + position, undefined);
  const { start, end } = replacedSpan(info, offset, code, position);
  const typed = code.slice(start, position);
  const ranked = (info?.entries ?? [])
    .map((entry) => ({ entry, rank: rankOf(entry.name, typed) }))
    .filter(({ rank }) => rank < Infinity)
    .sort(
      (a, b) =>
        a.rank - b.rank || compare(a.entry.sortText, b.entry.sortText) || byName.compare(a.entry.name, b.entry.name),
    );
  // A name may also be a keyword.
  const names = new Set<string>();
  const entries = ranked.map(({ entry }) => entry).filter(({ name }) => !names.has(name) && names.add(name));
  return { start, end, entries };
}

/** Returns a test for the session's names that may complete a text ending at the cursor; none fit behind a dot. */
export function fittingNames(before: string): (name: string) => boolean {
  const typed = NAME_BEFORE.exec(before)![0];
  const isMember = /(?<!\.\.)\.\s*$/.test(before.slice(0, before.length - typed.length));
  return (name) => !isMember && rankOf(name, typed) < Infinity;
}

/** Returns the span of the name around the cursor; inside a string, the compiler's span. */
function replacedSpan(
  info: TypeScript.CompletionInfo | undefined,
  offset: number,
  code: string,
  position: number,
): { start: number; end: number } {
  const span = info?.optionalReplacementSpan ?? info?.entries.find((entry) => entry.replacementSpan)?.replacementSpan;
  if (span) return { start: span.start - offset, end: span.start - offset + span.length };
  const before = NAME_BEFORE.exec(code.slice(0, position))![0];
  const after = NAME_AFTER.exec(code.slice(position))![0];
  return { start: position - before.length, end: position + after.length };
}

/** Ranks names that begin as typed first, then those that differ in case, then those that contain the text. */
function rankOf(name: string, typed: string): number {
  if (name.startsWith(typed)) return 0;
  const [lower, wanted] = [name.toLowerCase(), typed.toLowerCase()];
  if (lower.startsWith(wanted)) return 1;
  return lower.includes(wanted) ? 2 : Infinity;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
