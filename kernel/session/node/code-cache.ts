/**
 * Loads one large CommonJS file with V8's code cache. The compiler is 10 MB of JavaScript, and compiling it is a large
 * part of a session's start. Without a cache, or with a cache of another Node, it is loaded as usual.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import vm from "node:vm";
import { cacheFolder } from "../../jupyter/cache-folder";
import { makeFolder } from "../../jupyter/make-folder";

/** Time after which the compiled functions are saved; a start needs those of the first seconds. */
const SAVE_AFTER_MS = 4000;

/**
 * Loads an absolute path as `require(path)` does.
 *
 * @param textFile file with the module's text, if not the path itself
 */
export function requireCached(path: string, textFile = path): unknown {
  const cacheFile = cachePath(textFile);
  const cachedData = cacheFile === undefined ? undefined : readOrNothing(cacheFile);
  const wrapped = Module.wrap(readFileSync(textFile, "utf8"));
  const script = new vm.Script(wrapped, { filename: path, cachedData });
  const module = new Module(path);
  module.filename = path;
  module.paths = [];
  require.cache[path] = module;
  const run = script.runInThisContext() as (...args: unknown[]) => void;
  run.call(module.exports, module.exports, createRequire(path), module, path, dirname(path));
  module.loaded = true;
  const isStale = !cachedData || script.cachedDataRejected;
  if (isStale && cacheFile !== undefined) setTimeout(() => save(script, cacheFile), SAVE_AFTER_MS).unref();
  return module.exports;
}

/** Returns a path that changes with everything that makes V8 refuse the cache; `undefined` for a user without a folder for caches. */
function cachePath(path: string): string | undefined {
  const { size, mtimeMs } = statSync(path);
  const parts = [path, size, mtimeMs, process.version, process.arch, process.execArgv, process.env["NODE_OPTIONS"]];
  const name = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
  try {
    return join(cacheFolder(), `${name}.v8`);
  } catch {
    return undefined;
  }
}

function readOrNothing(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function save(script: vm.Script, path: string): void {
  try {
    // Only the user may write the folder, because V8 trusts the cache.
    makeFolder(dirname(path));
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, script.createCachedData(), { mode: 0o600 });
    renameSync(fresh, path);
  } catch {
    // A read-only home costs only the time.
  }
}
