import type * as TypeScript from "typescript";
import { requireCached } from "./code-cache";

/** Stock TypeScript, loaded through V8's code cache. */
export function loadTypeScript(): typeof TypeScript {
  return requireCached(require.resolve("typescript")) as typeof TypeScript;
}
