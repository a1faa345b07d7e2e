import type * as TypeScript from "typescript";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startupSnapshot } from "node:v8";
import { requireCached } from "./code-cache";

const load: NodeJS.Require = require;

/** Stock TypeScript, loaded through V8's code cache; a start-up snapshot holds the compiled functions itself. */
export function loadTypeScript(): typeof TypeScript {
  if (startupSnapshot.isBuildingSnapshot()) return load("typescript") as typeof TypeScript;
  return requireCached(require.resolve("typescript"), compilerText()) as typeof TypeScript;
}

/**
 * Returns the file with TypeScript's text: a copy without comments and long names that the package carries, else the original. V8 holds
 * the text once for each thread, and once more in a start-up snapshot.
 */
export function compilerText(): string {
  const { version } = load("typescript/package.json") as { version: string };
  const short = join(__dirname, "..", "..", `typescript-${version}.js`);
  return existsSync(short) ? short : require.resolve("typescript");
}
