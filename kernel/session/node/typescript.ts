import type * as TypeScript from "typescript";
import { startupSnapshot } from "node:v8";
import { requireCached } from "./code-cache";

/** Stock TypeScript, loaded through V8's code cache; a start-up snapshot holds the compiled functions itself. */
export function loadTypeScript(): typeof TypeScript {
  const load: NodeJS.Require = require;
  if (startupSnapshot.isBuildingSnapshot()) return load("typescript") as typeof TypeScript;
  return requireCached(require.resolve("typescript")) as typeof TypeScript;
}
