/** Removal of exports from a pasted cell. */
import type * as TypeScript from "typescript";
import { parseCell } from "./jsx";
import type { ts } from "./typescript";

/**
 * Replaces `export` before a declaration, `export default` and `export { … }` by blanks, which keep all positions.
 * Later cells know every declaration anyway.
 */
export function withoutExports(ts: ts, code: string): string {
  if (!/\bexport\b/.test(code)) return code;
  const file = parseCell(ts, "cell.ts", code, true);
  return file.statements
    .map((statement) => exportSpan(ts, statement))
    .filter((span) => span !== undefined)
    .reduce((text, { start, end }) => text.slice(0, start) + blank(text.slice(start, end)) + text.slice(end), code);
}

function exportSpan(ts: ts, statement: TypeScript.Statement): { start: number; end: number } | undefined {
  const start = statement.getStart();
  if (ts.isExportDeclaration(statement)) {
    return statement.moduleSpecifier ? undefined : { start, end: statement.end };
  }
  if (ts.isExportAssignment(statement)) {
    return statement.isExportEquals ? undefined : { start, end: statement.expression.getStart() };
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const own = modifiers.filter(
    ({ kind }) => kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword,
  );
  const isNamed =
    (statement as TypeScript.DeclarationStatement).name !== undefined || ts.isVariableStatement(statement);
  return own.length > 0 && isNamed ? { start: own[0]!.getStart(), end: own.at(-1)!.end } : undefined;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
