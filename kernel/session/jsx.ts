/** JSX in cells. */
import type * as TypeScript from "typescript";
import type { CellFile } from "./program";
import type { ts } from "./typescript";

/** A cell is JSX only where it is no TypeScript without, so that `<T>x` stays a cast. */
export function scriptKindOf(ts: ts, text: string): TypeScript.ScriptKind {
  const { TS, TSX } = ts.ScriptKind;
  if (!/<\/|\/>/.test(text)) return TS;
  const isSound = (kind: TypeScript.ScriptKind): boolean => {
    const file = ts.createSourceFile("cell", text, ts.ScriptTarget.ES2022, false, kind) as CellFile;
    return file.parseDiagnostics.length === 0;
  };
  return !isSound(TS) && isSound(TSX) ? TSX : TS;
}

/** The names that elements become calls of: `React`, and those of a comment `@jsx h` or `@jsxFrag Fragment`. */
export function factoriesOf(ts: ts, { text, languageVariant }: TypeScript.SourceFile): string[] {
  if (languageVariant !== ts.LanguageVariant.JSX) return [];
  return ["React", ...[...text.matchAll(/@jsx(?:Frag)?\s+([\w$]+)/g)].map(([, name]) => name)];
}
