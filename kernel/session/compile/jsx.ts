/** JSX in cells. */
import type * as TypeScript from "typescript";
import type { CellFile } from "./program";
import type { ts } from "./typescript";

/** A cell's text, parsed: as JSX only where it is no TypeScript without, so that `<T>x` stays a cast. */
export function parseCell(ts: ts, name: string, text: string, setParents = false): CellFile {
  const parse = parserOf(ts, name, text, setParents);
  const plain = parse(ts.ScriptKind.TS);
  if (plain.parseDiagnostics.length === 0 || !/<\/|\/>/.test(text)) return plain;
  const jsx = parse(ts.ScriptKind.TSX);
  return jsx.parseDiagnostics.length === 0 ? jsx : plain;
}

/** A text that may still end or be open in the middle: as JSX where that leaves fewer errors. */
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

/** The names that elements become calls of: `React`, and those of a comment `@jsx h` or `@jsxFrag Fragment`. */
export function factoriesOf(ts: ts, { text, languageVariant }: TypeScript.SourceFile): string[] {
  if (languageVariant !== ts.LanguageVariant.JSX) return [];
  return ["React", ...[...text.matchAll(/@jsx(?:Frag)?\s+([\w$]+)/g)].map(([, name]) => name)];
}
