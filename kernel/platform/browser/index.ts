/** The machine that a page's worker gives. In a bundle for a browser it stands for `platform/node`. */
import { inspect } from "node-inspect-extracted";
import { deflate } from "pako";
import type { AsyncContext, Compression, Files, Platform } from "../types";
import { browserCodec } from "./codec";
import { startDigest } from "./digest";
import { filesOf, MemoryFiles } from "./files";
import { FOLDER, paths } from "./paths";
import { BASE } from "./remote";
import { serveHere, startThread } from "./threads";
import { uniqueName } from "./unique-name";

const PACKAGE = "/fovea";

/** The files of this page. */
export const memory = new MemoryFiles();
for (const folder of [FOLDER, "/home", PACKAGE]) memory.makeFolder(folder);

const files: Files = filesOf(memory);
const tagOf = (value: unknown): string => Object.prototype.toString.call(value);

export const native: Platform = {
  path: paths,
  posix: paths,
  files,
  codec: browserCodec,
  compression: { crc32, deflate: (bytes) => deflate(bytes, { level: 9 }) } satisfies Compression,
  digest: startDigest,
  uuid: uniqueName,
  // Each thread of a model holds a copy of the runtime and of the weights.
  cores: () => 1,
  inspect: (value, options) => inspect(value, options),
  isPromise: (value) => tagOf(value) === "[object Promise]",
  isNativeError: (value) => tagOf(value) === "[object Error]" || value instanceof Error,
  turn,
  timer(body, ms) {
    const started = setTimeout(body, ms);
    return () => clearTimeout(started);
  },
  evaluate: (code, { name }) => (0, eval)(`${code}\n//# sourceURL=${name}`) as unknown,
  // A page cannot stop code: an expression that takes forever ends with its worker.
  evaluateWithin: (_ms, code, values) =>
    new Function(...Object.keys(values), `return eval(${JSON.stringify(code)})`)(...Object.values(values)) as unknown,
  context: synchronousContext,
  bind: (body) => body,
  residentBytes: () => 0,
  cpuMs: () => performance.now(),
  environment: () => ({}),
  home: () => "/home",
  folder: () => FOLDER,
  libraryFolder: () => BASE,
  packageFolder: () => PACKAGE,
  zoo: () => `${PACKAGE}/zoo`,
  process: { host: "browser", pid: 1 },
  isAlive: () => false,
  isWindows: false,
  thread: startThread,
  serve: serveHere,
};

const turns: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => turns.shift()?.();

/** By a message: browsers delay timers that follow each other. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    turns.push(resolve);
    channel.port2.postMessage(null);
  });
}

/** Values that hold until the first await: browsers have no means yet to follow a call further. */
function synchronousContext<T>(): AsyncContext<T> {
  let current: T | undefined;
  return {
    run(value, body) {
      const before = current;
      current = value;
      try {
        return body();
      } finally {
        current = before;
      }
    },
    getStore: () => current,
  };
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = CRC[(value ^ bytes[i]) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}
