/** Compiler options of cells, and the types of a session's globals. */
import type { CompilerOptions } from "typescript";
import { hostTypes } from "../node";
import { libraryTypes } from "./library";
import type { Paths } from "./project";
import type { ts } from "./typescript";

export const GLOBAL_TYPES = `
/** Ask the user for a line of text and wait for it. Throws where the front end takes no input. */
declare function prompt(message?: string): string;
/** As {@link prompt}, without showing what is typed. */
declare function promptPassword(message?: string): string;
`;

/** Returns the compiler options of cells. */
export function compilerOptions(ts: ts, paths: Paths = {}): CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    ...hostTypes(),
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
    paths: { ...paths, ...libraryTypes() },
  };
}
