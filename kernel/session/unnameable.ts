/**
 * tslab carries a cell's types to later cells as declarations, so a type that cannot be written down refuses the cell.
 * Here such a name is annotated `any` instead: the cell itself was checked with the real type, later cells see `any`.
 */
import type * as TypeScript from "@tslab/typescript-for-tslab";
import type { Diagnostic } from "tslab/dist/converter";

type ts = typeof TypeScript;
type Edit = { at: number; text: string };

/** "The inferred type of … cannot be named", "… has or is using name … but cannot be named", private names, unique symbols. */
const CODES = new Set([
  2527, 2526, 2742, 2883, 4020, 4023, 4025, 4028, 4029, 4031, 4055, 4058, 4060, 4063, 4078, 4081, 4082, 4094,
]);

/** The cell with `any` where its only faults are types that cannot be written, or `undefined` if it has others. */
export function annotateUnnameable(compiler: ts, code: string, diagnostics: readonly Diagnostic[]): string | undefined {
  if (!diagnostics.every(({ code: number, fileName }) => CODES.has(number) && fileName === undefined)) return undefined;
  const file = compiler.createSourceFile("cell.ts", code, compiler.ScriptTarget.Latest, true);
  const edits = new Map<number, Edit>();
  for (const { start, end } of diagnostics) {
    const found = editsAt(compiler, file, start.offset, end.offset);
    if (found.length === 0) return undefined;
    for (const edit of found) edits.set(edit.at, edit);
  }
  return [...edits.values()]
    .sort((a, b) => b.at - a.at)
    .reduce((text, { at, text: inserted }) => text.slice(0, at) + inserted + text.slice(at), code);
}

function editsAt(compiler: ts, file: TypeScript.SourceFile, start: number, end: number): Edit[] {
  let node: TypeScript.Node | undefined = innermost(compiler, file, file, start, end);
  for (; node && node !== file; node = node.parent) {
    if (compiler.isVariableDeclaration(node)) return variableEdits(compiler, node);
    if (compiler.isPropertyDeclaration(node)) return node.type ? [] : [{ at: node.name.end, text: ": any" }];
    if (compiler.isFunctionDeclaration(node) || compiler.isMethodDeclaration(node)) {
      return node.type ? [] : [{ at: file.text.indexOf(")", node.parameters.end) + 1, text: ": any" }];
    }
  }
  return [];
}

function variableEdits(compiler: ts, { name, type, initializer }: TypeScript.VariableDeclaration): Edit[] {
  if (type) return [];
  if (compiler.isIdentifier(name)) return [{ at: name.end, text: ": any" }];
  // A pattern has no place for one name's type.
  return initializer
    ? [
        { at: initializer.getStart(), text: "(" },
        { at: initializer.end, text: ") as any" },
      ]
    : [];
}

function innermost(
  compiler: ts,
  file: TypeScript.SourceFile,
  node: TypeScript.Node,
  start: number,
  end: number,
): TypeScript.Node {
  const child = compiler.forEachChild(node, (each) =>
    each.getStart(file) <= start && end <= each.end ? each : undefined,
  );
  return child ? innermost(compiler, file, child, start, end) : node;
}
