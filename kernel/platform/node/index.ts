/** The machine that Node gives. A bundle for a browser puts its own module in the place of this one. */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, homedir, hostname } from "node:os";
import { dirname, join } from "node:path";
import { inspect, types } from "node:util";
import vm from "node:vm";
import type { Compression, Files, Platform, Thread } from "../types";
import { sharpCodec } from "./codec";
import { makeFiles, nodePaths, posixPaths } from "./files";

const load = createRequire(__filename);

/** Folder of the library's modules: `dist`, or the sources where they run as such. */
const LIBRARY = dirname(dirname(__dirname));

/** Loaded on first use: a process that makes a start-up snapshot cannot bear this module. */
const threads = (): typeof import("node:worker_threads") =>
  load("node:worker_threads") as typeof import("node:worker_threads");

let files: Files | undefined;

export const native: Platform = {
  path: nodePaths,
  posix: posixPaths,
  get files() {
    return (files ??= makeFiles());
  },
  codec: sharpCodec,
  get compression() {
    return compression();
  },
  digest: (algorithm) => createHash(algorithm),
  uuid: () => randomUUID(),
  cores: availableParallelism,
  inspect: (value, options) => inspect(value, options),
  isPromise: types.isPromise,
  isNativeError: types.isNativeError,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  timer,
  evaluate: (code, { name, columnOffset, breakOnSigint }) =>
    vm.runInThisContext(code, { filename: name, columnOffset, breakOnSigint }),
  evaluateWithin,
  context: <T>() => new AsyncLocalStorage<T>(),
  bind: (body) => AsyncResource.bind(body),
  residentBytes: () => process.memoryUsage.rss(),
  cpuMs,
  environment: () => process.env,
  home: homedir,
  folder: () => process.cwd(),
  libraryFolder: () => LIBRARY,
  packageFolder,
  zoo: () => join(packageFolder(), "zoo"),
  /** Read when it is asked for: a session's start-up snapshot was made by another process. */
  get process() {
    return { host: hostname(), pid: process.pid };
  },
  isAlive,
  isWindows: process.platform === "win32",
  thread: startThread,
  serve,
};

function timer(body: () => void, ms: number): () => void {
  const started = setTimeout(body, ms).unref();
  return () => clearTimeout(started);
}

/** Only pictures need it. */
function compression(): Compression {
  const { crc32, deflateSync } = load("node:zlib") as typeof import("node:zlib");
  return { crc32, deflate: (bytes) => deflateSync(bytes, { level: 9 }) };
}

function evaluateWithin(ms: number, code: string, values: Record<string, unknown>): unknown {
  try {
    return vm.runInNewContext(code, { ...values }, { timeout: ms });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    return undefined;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The folder with the manifest: that of the sources, or the one around `dist`. */
function packageFolder(): string {
  return existsSync(join(LIBRARY, "package.json")) ? LIBRARY : dirname(LIBRARY);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The compiled thread, or its source where the library itself runs from source: tsx's hooks do not reach threads. */
function startThread(module: string): Thread {
  const { Worker } = threads();
  const compiled = join(LIBRARY, `${module}.js`);
  if (existsSync(compiled)) return new Worker(compiled) as unknown as Thread;
  const modules = [require.resolve("tsx/cjs"), join(LIBRARY, `${module}.ts`)];
  return new Worker(modules.map((file) => `require(${JSON.stringify(file)});`).join(""), {
    eval: true,
  }) as unknown as Thread;
}

function serve<M, A>(answer: (message: M) => Promise<A>, buffersOf: (answer: A) => ArrayBuffer[]): void {
  const { parentPort } = threads();
  parentPort?.on("message", (message: M) => {
    void answer(message).then((answered) => parentPort?.postMessage(answered, buffersOf(answered)));
  });
}
