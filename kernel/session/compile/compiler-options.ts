/** What cells are compiled with, and the types of the globals that a session adds. */
import { dirname } from "node:path";
import type { CompilerOptions } from "typescript";
import { libraryTypes } from "./library";
import type { ts } from "./typescript";

export const GLOBAL_TYPES = `
/** Ask the user for a line of text and wait for it. Throws where the front end takes no input. */
declare function prompt(message?: string): string;
/** As {@link prompt}, without showing what is typed. */
declare function promptPassword(message?: string): string;
`;

export function compilerOptions(ts: ts): CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    lib: librariesOf(Number(process.versions.node.split(".")[0])),
    module: ts.ModuleKind.ESNext,
    // Resolves `exports` maps, and files with and without extension.
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    allowJs: true,
    jsx: ts.JsxEmit.React,
    skipLibCheck: true,
    // A const enum of one cell is looked at by others and by `%who`.
    preserveConstEnums: true,
    sourceMap: true,
    // Our own @types/node, so that `setTimeout` has a type in any folder. Others are found when they are imported.
    typeRoots: [dirname(dirname(require.resolve("@types/node/package.json")))],
    types: ["node"],
    paths: libraryTypes(),
  };
}

/** What this Node has. Each file costs a start some milliseconds, so there is no DOM; a cell can reference it. */
function librariesOf(node: number): string[] {
  const names = node >= 24 ? ["esnext"] : node >= 22 ? ["es2024", "esnext.collection", "esnext.iterator"] : ["es2023"];
  return [...names, "esnext.disposable"].map((name) => `lib.${name}.d.ts`);
}
