/** Local TypeScript files, compiled to CommonJS when a cell imports them. */
import type * as TypeScript from "typescript";
import { platform } from "../../platform";
import type { ts } from "./typescript";

/** Error of a local file with a top-level await. */
export class TopLevelAwait extends SyntaxError {
  constructor(file: TypeScript.SourceFile, node: TypeScript.Node) {
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
    super(`${file.fileName}:${line + 1}:${character + 1}: a local file cannot await at its top level, only a cell can`);
  }
}

/** Code of a file's `import.meta`, with the names that CommonJS gives a module. */
const metaOf = (fileName: string): string =>
  `({ url: ${JSON.stringify(platform().path.toUrl(fileName))}, dirname: __dirname, filename: __filename })`;

/** Compiles a local file to CommonJS. */
export function transpileLocalFile(ts: ts, source: string, fileName: string): string {
  return ts.transpileModule(source, {
    // Under its real name, `x.mts` would stay an ES module.
    fileName: fileName.replace(/\.[cm]ts$/, ".ts"),
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      jsx: ts.JsxEmit.React,
    },
    transformers: { before: [(context) => (file) => asScript(ts, context, file, metaOf(fileName))] },
  }).outputText;
}

/** Compiles to a script: CommonJS has no `import.meta` and no top-level `await`. */
function asScript(
  ts: ts,
  context: TypeScript.TransformationContext,
  file: TypeScript.SourceFile,
  meta: string,
): TypeScript.SourceFile {
  const visit = (node: TypeScript.Node, depth: number): TypeScript.Node => {
    if (depth === 0 && isAwait(ts, node)) throw new TopLevelAwait(file, node);
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) {
      return context.factory.createIdentifier(meta);
    }
    const below = depth + (holdsAwait(ts, node) ? 1 : 0);
    return ts.visitEachChild(node, (child) => visit(child, below), context);
  };
  return ts.visitEachChild(file, (statement) => visit(statement, 0), context);
}

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
