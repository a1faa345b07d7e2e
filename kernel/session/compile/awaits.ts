/** Detection of `await` in code. */
import type * as TypeScript from "typescript";
import type { ts } from "./typescript";

/** Tests for an `await`, `for await` or `await using`. */
export function isAwait(ts: ts, node: TypeScript.Node): boolean {
  const isAwaitUsing = (node.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.AwaitUsing;
  return (
    ts.isAwaitExpression(node) ||
    (ts.isForOfStatement(node) && node.awaitModifier !== undefined) ||
    (ts.isVariableDeclarationList(node) && isAwaitUsing)
  );
}

/** Tests whether an await inside a node belongs to the node and not to the code around it. */
export function holdsAwait(ts: ts, node: TypeScript.Node): boolean {
  return ts.isFunctionLike(node) || ts.isPropertyDeclaration(node) || ts.isClassStaticBlockDeclaration(node);
}
