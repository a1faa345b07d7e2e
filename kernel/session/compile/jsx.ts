/** Parsing of JSX in cells. */
import type * as TypeScript from "typescript";
import type { CellFile, ts } from "./typescript";

/** Parses a cell's text. It is parsed as JSX only when plain TypeScript fails, so that `<T>x` stays a cast. */
export function parseCell(ts: ts, name: string, text: string, setParents = false): CellFile {
  const parse = parserOf(ts, name, text, setParents);
  const plain = parse(ts.ScriptKind.TS);
  if (plain.parseDiagnostics.length === 0 || !/<\/|\/>/.test(text)) return plain;
  const jsx = parse(ts.ScriptKind.TSX);
  return jsx.parseDiagnostics.length === 0 ? jsx : plain;
}

/** Parses an unfinished text, as JSX where that leaves fewer errors. */
export function parseDraft(ts: ts, name: string, text: string): CellFile {
  const parse = parserOf(ts, name, text, false);
  const plain = parse(ts.ScriptKind.TS);
  if (plain.parseDiagnostics.length === 0 || !text.includes("<")) return plain;
  const jsx = parse(ts.ScriptKind.TSX);
  return jsx.parseDiagnostics.length < plain.parseDiagnostics.length ? jsx : plain;
}

function parserOf(ts: ts, name: string, text: string, setParents: boolean): (kind: TypeScript.ScriptKind) => CellFile {
  return (kind) => ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, setParents, kind) as CellFile;
}

/**
 * Returns the names of the functions that JSX elements call: `React`, or those of the comments `@jsx h` and
 * `@jsxFrag Fragment`.
 */
export function factoriesOf(ts: ts, { text, languageVariant }: TypeScript.SourceFile): string[] {
  if (languageVariant !== ts.LanguageVariant.JSX) return [];
  return ["React", ...[...text.matchAll(/@jsx(?:Frag)?\s+([\w$]+)/g)].map(([, name]) => name)];
}
