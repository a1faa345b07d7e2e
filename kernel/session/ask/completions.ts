/** The compiler's completions that fit the typed text, best first. */
import type * as TypeScript from "typescript";
import type { Draft, ts } from "../compile/typescript";
import { holdsAwait } from "../compile/local-files";
import { publicNames } from "../compile/library";

const NAME_BEFORE = /[\p{ID_Continue}$]*$/u;
const NAME_AFTER = /^[\p{ID_Continue}$]*/u;
/** Order of editors: `floor` before `LN2`, `log` before `LOG2E`. */
let byName: Intl.Collator | undefined;

/** Made on first use: a start-up snapshot cannot hold a collator. */
function compareNames(a: string, b: string): number {
  byName ??= new Intl.Collator("en", { numeric: true });
  return byName.compare(a, b);
}

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
export function completionsAt(ts: ts, draft: Draft, code: string, position: number): Completions {
  const { service, fileName, offset } = draft;
  const info = service.getCompletionsAtPosition(fileName, offset + position, undefined);
  const usual = usualSpan(info, offset, code, position);
  const spans = (info?.entries ?? []).map(({ replacementSpan: span }) => (span ? spanIn(span, offset) : usual));
  // Jupyter replaces one span: a name for a part of it takes the rest of the text along.
  const start = spans.reduce((least, span) => Math.min(least, span.start), usual.start);
  const end = spans.reduce((most, span) => Math.max(most, span.end), usual.end);
  const entries = (info?.entries ?? []).map(({ name, kind, sortText }, at) => {
    const { start: from, end: to } = spans[at]!;
    return { name: code.slice(start, from) + name + code.slice(to, end), kind, sortText };
  });
  const typed = code.slice(start, position);
  const fitting = ranked(entries, typed);
  const known = new Set(entries.map(({ name }) => name));
  // Offered in every expression, and in no type.
  const imports = known.has("function") ? importsAt(ts, draft, position, typed, known) : [];
  const imported = imports.map((name) => ({ name, kind: "import" }));
  const same = fitting.findIndex(({ name }) => rankOf(name, typed) > 0);
  const [first, others] = same < 0 ? [fitting, []] : [fitting.slice(0, same), fitting.slice(same)];
  return { start, end, entries: [...first, ...imported, ...others] };
}

/** Sorts the names that fit the typed text, best first. A name may also be a keyword. */
function ranked<E extends Completion & { sortText: string }>(entries: readonly E[], typed: string): E[] {
  const names = new Set<string>();
  return entries
    .map((entry) => ({ entry, rank: rankOf(entry.name, typed) }))
    .filter(({ rank }) => rank < Infinity)
    .sort(
      (a, b) =>
        a.rank - b.rank || compare(a.entry.sortText, b.entry.sortText) || compareNames(a.entry.name, b.entry.name),
    )
    .map(({ entry }) => entry)
    .filter(({ name }) => !names.has(name) && names.add(name));
}

/** Returns a test for the session's names that may complete a text ending at the cursor; none fit behind a dot. */
export function fittingNames(before: string): (name: string) => boolean {
  const typed = NAME_BEFORE.exec(before)![0];
  const isMember = /(?<!\.\.)\.\s*$/.test(before.slice(0, before.length - typed.length));
  return (name) => !isMember && rankOf(name, typed) < Infinity;
}

interface Span {
  start: number;
  end: number;
}

/** Returns the compiler's span at the cursor, which is that of a string's content, or the name around the cursor. */
function usualSpan(info: TypeScript.CompletionInfo | undefined, offset: number, code: string, position: number): Span {
  if (info?.optionalReplacementSpan) return spanIn(info.optionalReplacementSpan, offset);
  const before = NAME_BEFORE.exec(code.slice(0, position))![0];
  const after = NAME_AFTER.exec(code.slice(position))![0];
  return { start: position - before.length, end: position + after.length };
}

function spanIn({ start, length }: TypeScript.TextSpan, offset: number): Span {
  return { start: start - offset, end: start - offset + length };
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

// Completions that import a name of the library, as editors offer them. Jupyter's protocol replaces the text at the cursor
// and nothing else, so the import stands where the name is typed: a declaration before a name that begins a statement, an
// expression elsewhere.

/** Fewer letters say too little. */
const LEAST_TYPED = 2;

/** Returns the texts that import the library's names that begin as typed; none where a name is known or cannot stand. */
export function importsAt(ts: ts, draft: Draft, position: number, typed: string, known: ReadonlySet<string>): string[] {
  if (typed.length < LEAST_TYPED) return [];
  const names = publicNames().filter((name) => name.startsWith(typed) && !known.has(name));
  const place = names.length > 0 ? placeOf(ts, draft, position) : undefined;
  if (!place) return [];
  return names.map((name) =>
    place === "statement" ? `import { ${name} } from "fovea";\n${name}` : `(await import("fovea")).${name}`,
  );
}

/** Tells whether a name begins a statement of the cell, or stands in an expression outside of functions. */
function placeOf(
  ts: ts,
  { service, fileName, offset }: Draft,
  position: number,
): "statement" | "expression" | undefined {
  const file = service.getProgram()?.getSourceFile(fileName);
  const path = file ? nodesAround(file, offset + position - 1) : [];
  const name = path.at(-1);
  if (!file || !name || !ts.isIdentifier(name) || path.some((node) => holdsAwait(ts, node))) return undefined;
  const [statement] = path;
  const begins = ts.isExpressionStatement(statement!) && statement.getStart(file) === name.getStart(file);
  return begins ? "statement" : "expression";
}

/** Lists the nodes that hold a position, outermost first. */
function nodesAround(node: TypeScript.Node, position: number): TypeScript.Node[] {
  const child = node.forEachChild((each) => (each.pos <= position && position < each.end ? each : undefined));
  return child ? [child, ...nodesAround(child, position)] : [];
}
