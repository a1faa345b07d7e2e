/**
 * Completions that import a name of the library, as editors offer them. Jupyter's protocol replaces the text at the cursor and
 * nothing else, so the import stands where the name is typed: a declaration before a name that begins a statement, an
 * expression elsewhere.
 */
import type * as TypeScript from "typescript";
import { holdsAwait } from "../compile/awaits";
import type { Draft } from "../compile/cells";
import { publicNames } from "../compile/library";
import type { ts } from "../compile/typescript";

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
