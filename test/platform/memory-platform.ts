/** A machine with files in memory and nothing else: enough to draw, compile and run. Stands for `kernel/platform/node`. */
import type { Digest, Files, FileStats, Paths, PictureCodec, Platform } from "../../kernel/platform/types.ts";
import { sha256Of } from "./sha256.ts";

/** The files, by absolute path. */
export const memory = new Map<string, string>();

function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}

const basename = (path: string, suffix = ""): string => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;
};

const paths: Paths = {
  sep: "/",
  basename,
  dirname: (path) => path.slice(0, Math.max(1, path.lastIndexOf("/"))),
  join: (...parts) => normal(parts.join("/")),
  relative: (from, to) => (to.startsWith(`${from}/`) ? to.slice(from.length + 1) : to),
  resolve: (...parts) =>
    normal(["/work", ...parts].reduce((path, part) => (part.startsWith("/") ? part : `${path}/${part}`))),
  fromUrl: (url) => new URL(url).pathname,
  toUrl: (path) => `file://${path}`,
};

const stats = (path: string): FileStats | undefined => {
  const text = memory.get(path);
  return text === undefined
    ? undefined
    : { size: text.length, mtimeMs: 0, isFile: () => true, isDirectory: () => false };
};

// Members that these tests never use are missing.
const files = {
  existsSync: (path: string) => memory.has(path),
  statSync: stats,
} as Partial<Files> as Files;

class MemoryDigest implements Digest {
  private readonly parts: Uint8Array[] = [];

  update(data: string | ArrayBufferView): Digest {
    const bytes =
      typeof data === "string"
        ? new TextEncoder().encode(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.parts.push(bytes.slice());
    return this;
  }

  digest(): string {
    return sha256Of(this.parts);
  }
}

function missing(what: string): never {
  throw new Error(`this machine has no ${what}`);
}

export const native: Platform = {
  path: paths,
  posix: paths,
  files,
  codec: {} as PictureCodec,
  get compression() {
    return missing("compression");
  },
  digest: (algorithm) => (algorithm === "sha256" ? new MemoryDigest() : missing(algorithm)),
  uuid: () => crypto.randomUUID(),
  cores: () => 1,
  inspect: (value) => (typeof value === "string" ? `'${value}'` : String(value)),
  isPromise: (value) => Object.prototype.toString.call(value) === "[object Promise]",
  isNativeError: (value) => Object.prototype.toString.call(value) === "[object Error]",
  turn: () => new Promise((resolve) => setTimeout(resolve)),
  timer: (body, ms) => {
    const timer = setTimeout(body, ms);
    return () => clearTimeout(timer);
  },
  evaluate: (code, { name }) => (0, eval)(`${code}\n//# sourceURL=${name}`) as unknown,
  evaluateWithin: () => missing("clock for regular expressions"),
  context: () => ({ run: (_, body) => body(), getStore: () => undefined }),
  bind: (body) => body,
  residentBytes: () => 0,
  cpuMs: () => performance.now(),
  environment: () => ({}),
  home: () => "/home",
  folder: () => "/work",
  libraryFolder: () => "/fovea/dist",
  packageFolder: () => "/fovea",
  zoo: () => "/fovea/zoo",
  process: { host: "browser", pid: 1 },
  isAlive: () => false,
  isWindows: false,
  thread: () => missing("threads"),
  serve: () => missing("threads"),
};
