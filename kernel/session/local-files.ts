/** Local TypeScript files, which Node is given as CommonJS when a cell imports them. */
import type * as TypeScript from "typescript";
import type { ts } from "./typescript";

const META = `({ url: require("node:url").pathToFileURL(__filename).href, dirname: __dirname, filename: __filename })`;

export function transpileLocalFile(ts: ts, source: string, fileName: string): string {
  return ts.transpileModule(source, {
    fileName,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      jsx: ts.JsxEmit.React,
    },
    transformers: { before: [(context) => (file) => withoutMeta(ts, context, file)] },
  }).outputText;
}

/** CommonJS has no `import.meta`. */
function withoutMeta(
  ts: ts,
  context: TypeScript.TransformationContext,
  file: TypeScript.SourceFile,
): TypeScript.SourceFile {
  const visit = (node: TypeScript.Node): TypeScript.Node =>
    ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword
      ? context.factory.createIdentifier(META)
      : ts.visitEachChild(node, visit, context);
  return ts.visitEachChild(file, visit, context);
}
