/**
 * Every loop of a cell looks at the interrupt flag; see lifeline.ts for why `vm` alone does not do. Measured: nothing once
 * a loop is optimised, 3-4 ns a turn before. A counter that looks only now and then costs more than looking.
 */
import type * as TypeScript from "@tslab/typescript-for-tslab";

type ts = typeof TypeScript;

/** The wrapper around a cell provides both. */
export const LOOP_NAMES = { flags: "$flags", stop: "$stop" } as const;

export function makeLoopsStoppable(
  compiler: ts,
  context: TypeScript.TransformationContext,
  file: TypeScript.SourceFile,
): TypeScript.SourceFile {
  const { factory, visitEachChild } = compiler;
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    const visited = visitEachChild(node, visit, context);
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
  const flag = factory.createElementAccessExpression(factory.createIdentifier(LOOP_NAMES.flags), 0);
  const stop = factory.createCallExpression(factory.createIdentifier(LOOP_NAMES.stop), undefined, []);
  return factory.createIfStatement(flag, factory.createExpressionStatement(stop));
}
