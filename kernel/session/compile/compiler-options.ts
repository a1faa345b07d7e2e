/** Compiler options of cells, and the types of a session's globals. */
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

/** Returns the compiler options of cells. */
export function compilerOptions(ts: ts): CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    lib: librariesOf(Number(process.versions.node.split(".")[0])),
    module: ts.ModuleKind.ESNext,
    // Bundler resolution supports `exports` maps and files with and without extension.
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    allowJs: true,
    jsx: ts.JsxEmit.React,
    skipLibCheck: true,
    // Other cells and `%who` read a cell's const enum.
    preserveConstEnums: true,
    sourceMap: true,
    // The kernel's @types/node gives `setTimeout` a type in any folder. Other types are found when they are imported.
    typeRoots: [dirname(dirname(require.resolve("@types/node/package.json")))],
    types: ["node"],
    paths: libraryTypes(),
  };
}

/**
 * Libraries of this Node. Each file adds some milliseconds to the start, so the DOM is left out; a cell can reference
 * it.
 */
function librariesOf(node: number): string[] {
  const names = node >= 24 ? ["esnext"] : node >= 22 ? ["es2024", "esnext.collection", "esnext.iterator"] : ["es2023"];
  return [...names, "esnext.disposable"].map((name) => `lib.${name}.d.ts`);
}
