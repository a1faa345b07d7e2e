/** Compiler of cells: stock TypeScript, loaded through V8's code cache. */
import type * as TypeScript from "typescript";
import { requireCached } from "../run/code-cache";

export type ts = typeof TypeScript;

/** Loads the compiler. */
export function loadTypeScript(): ts {
  return requireCached(require.resolve("typescript")) as ts;
}
