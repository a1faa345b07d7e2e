/**
 * Four changes to a cell's code before it becomes CommonJS. Variables that may be assigned again are not exported (the
 * executor links them), as each assignment would be mirrored to the exports, which makes a summing loop fifty times slower.
 * `import()` becomes a call of ours, which can load ES modules. `{ p }` of an earlier cell's `p` becomes `{ p: exports.p }`, which tslab
 * forgets. And every loop looks at the interrupt flag; see lifeline.ts for why `vm` alone does not do. Measured: nothing once
 * a loop is optimised, 3-4 ns a turn before. A counter that looks only now and then costs more than looking.
 */
import type * as TypeScript from "@tslab/typescript-for-tslab";

type ts = typeof TypeScript;

/** The wrapper around a cell provides these. */
const NAMES = { flags: "$flags", stop: "$stop", import: "$import" } as const;

/** Names that matter to a cell: its own that are linked in place of exported, and those that earlier cells declared. */
export interface CellNames {
  linked: ReadonlySet<string>;
  earlier: ReadonlySet<string>;
}

export function adaptCell(
  compiler: ts,
  context: TypeScript.TransformationContext,
  file: TypeScript.SourceFile,
  { linked, earlier }: CellNames,
): TypeScript.SourceFile {
  const { factory, visitEachChild } = compiler;
  const declaredHere = declarationFinder(context);
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    const visited = visitEachChild(node, visit, context);
    if (compiler.isCallExpression(visited) && visited.expression.kind === compiler.SyntaxKind.ImportKeyword) {
      return factory.updateCallExpression(
        visited,
        factory.createIdentifier(NAMES.import),
        undefined,
        visited.arguments,
      );
    }
    if (compiler.isShorthandPropertyAssignment(visited)) {
      const { name } = visited;
      return earlier.has(name.text) && !declaredHere(name) ? longhand(compiler, visited) : visited;
    }
    if (compiler.isNamedExports(visited)) {
      return factory.updateNamedExports(
        visited,
        visited.elements.filter(({ name }) => !linked.has(name.text)),
      );
    }
    if (!compiler.isIterationStatement(visited, false)) return visited;
    const { statement } = visited;
    const inner = compiler.isBlock(statement) ? statement.statements : [statement];
    const body = factory.createBlock([look(compiler), ...inner], true);
    return visitEachChild(visited, (child) => (child === statement ? body : child), context);
  };
  return visitEachChild(file, visit, context);
}

/** `{ p }` as `{ p: exports.p }`, and `{ p = 1 } = x` as `{ p: exports.p = 1 } = x`. */
function longhand({ factory }: ts, node: TypeScript.ShorthandPropertyAssignment): TypeScript.PropertyAssignment {
  const { name, objectAssignmentInitializer: fallback } = node;
  const value = factory.createPropertyAccessExpression(factory.createIdentifier("exports"), name.text);
  return factory.createPropertyAssignment(name.text, fallback ? factory.createAssignment(value, fallback) : value);
}

/** Whether a name that is read at a place is declared somewhere in the cell itself. The compiler's resolver is internal. */
function declarationFinder(context: TypeScript.TransformationContext): (name: TypeScript.Identifier) => boolean {
  type Resolver = { getReferencedValueDeclaration(name: TypeScript.Identifier): unknown };
  const resolver = (context as unknown as { getEmitResolver(): Resolver }).getEmitResolver();
  return (name) => resolver.getReferencedValueDeclaration(name) !== undefined;
}

/** `if ($flags[0]) $stop();` */
function look({ factory }: ts): TypeScript.Statement {
  const flag = factory.createElementAccessExpression(factory.createIdentifier(NAMES.flags), 0);
  const stop = factory.createCallExpression(factory.createIdentifier(NAMES.stop), undefined, []);
  return factory.createIfStatement(flag, factory.createExpressionStatement(stop));
}
