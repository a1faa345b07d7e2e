/**
 * Content of a session's start-up snapshot: its modules and a warm compiler. A process prepared so writes its heap to a file; a
 * process that starts from the file goes on with the function set below.
 */
import { readFileSync, writeFileSync } from "node:fs";
import Module, { createRequire, isBuiltin } from "node:module";
import { dirname, extname, join } from "node:path";
import { startupSnapshot } from "node:v8";
import type * as Cells from "../compile/cells";
import type * as Start from "./start";
import type * as Compiler from "./typescript";

// Boundary to the part of Node's CommonJS loader that has no public type.
const { _cache: cache } = Module as unknown as { _cache: Record<string, Module | undefined> };

/** Files with the texts of modules whose own file has another. */
const texts: Record<string, string | undefined> = {};

/**
 * Prepares this process for its snapshot.
 *
 * @param list file for the names of the files that the heap holds, by which a stale snapshot is known
 */
export function fillSnapshot(list: string): void {
  const { compilerText } = load(join(__dirname, "typescript.js")) as typeof Compiler;
  const text = (texts[createRequire(__filename).resolve("typescript")] = compilerText());
  const { CellCompiler } = load(join(__dirname, "..", "compile", "cells.js")) as typeof Cells;
  const { startSession } = load(join(__dirname, "start.js")) as typeof Start;
  const compiler = new CellCompiler(__dirname);
  compiler.warm();
  compiler.thin();
  writeFileSync(list, JSON.stringify([__filename, text, ...Object.keys(cache), ...compiler.files()]));
  startupSnapshot.setDeserializeMainFunction(() => {
    process.execArgv = withoutSnapshot(process.execArgv);
    compiler.moveTo(process.cwd());
    // Its maker looks whether it starts.
    if (process.argv[2] === "try") compiler.warm();
    else startSession(compiler);
  });
}

/**
 * Loads a module as `require` does, and leaves it where `require` finds it. Node refuses to start from the heap of a process in
 * which its own loader has run code.
 */
function load(path: string): unknown {
  const module = new Module(path);
  module.filename = path;
  cache[path] = module;
  const run = (0, eval)(`${Module.wrap(readFileSync(texts[path] ?? path, "utf8"))}\n//# sourceURL=${path}`) as (
    ...args: unknown[]
  ) => void;
  run.call(module.exports, module.exports, requireOf(path), module, path, dirname(path));
  module.loaded = true;
  return module.exports;
}

function requireOf(path: string): NodeJS.Require {
  const original = createRequire(path);
  const required = (request: string): unknown => {
    const found = startupSnapshot.isBuildingSnapshot() && !isBuiltin(request) ? original.resolve(request) : "";
    return extname(found) === ".js" && !cache[found] ? load(found) : original(request);
  };
  return Object.assign(required, original);
}

/** Returns the flags for children of this process, which start as usual. */
function withoutSnapshot(flags: readonly string[]): string[] {
  const at = flags.indexOf("--snapshot-blob");
  return flags.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
}
