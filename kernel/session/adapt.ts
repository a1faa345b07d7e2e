/**
 * Three changes to a cell's code before it becomes CommonJS. Variables that may be assigned again are not exported (the
 * executor links them), as each assignment would be mirrored to the exports, which makes a summing loop fifty times slower.
 * `import()` becomes a call of ours, which can load ES modules. And every loop looks at the interrupt flag; see lifeline.ts for why `vm` alone does not do. Measured: nothing once
 * a loop is optimised, 3-4 ns a turn before. A counter that looks only now and then costs more than looking.
 */
import type * as TypeScript from "@tslab/typescript-for-tslab";

type ts = typeof TypeScript;

/** The wrapper around a cell provides these. */
const NAMES = { flags: "$flags", stop: "$stop", import: "$import" } as const;

export function adaptCell(
  compiler: ts,
  context: TypeScript.TransformationContext,
  file: TypeScript.SourceFile,
  linked: ReadonlySet<string>,
): TypeScript.SourceFile {
  const { factory, visitEachChild } = compiler;
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

/** `if ($flags[0]) $stop();` */
function look({ factory }: ts): TypeScript.Statement {
  const flag = factory.createElementAccessExpression(factory.createIdentifier(NAMES.flags), 0);
  const stop = factory.createCallExpression(factory.createIdentifier(NAMES.stop), undefined, []);
  return factory.createIfStatement(flag, factory.createExpressionStatement(stop));
}
