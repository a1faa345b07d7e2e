import type { Pixels, RawImage, RgbaPixels } from "../contracts/pixels";

/**
 * The seam between the library and the machine it runs on. Rooms ask here for files, hashes, pictures and threads, and
 * import nothing of Node, so that a bundle for a browser replaces one folder (`platform/node`) instead of a hundred files.
 */

/** Error of the machine: a code such as `ENOENT`, and the call and path where there are some. */
export interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly path?: string;
}

/** An open file. Positions are bytes from the start. */
export interface FileHandle {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(from: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  /** Appends where the last call ended. */
  writeFile(content: Uint8Array): Promise<void>;
  stat(): Promise<FileStats>;
  truncate(length: number): Promise<void>;
  /** Returns once the content is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Facts about a file or folder that are known without reading it. */
export interface FileStats {
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** An entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  isDirectory(): boolean;
}

/** Options of writing a file: `wx` refuses one that exists, `flush` returns once the content is on the disk. */
export interface WriteFileOptions {
  flag?: "w" | "wx";
  flush?: boolean;
}

/** Mode of an opened file: to read, to change, to write anew, or to make one that must not exist. */
export type OpenFlag = "r" | "r+" | "w" | "wx";

/** Files, with the names, arguments and error codes of Node: a caller writes beside a file's place and renames. */
export interface Files {
  access(path: string): Promise<void>;
  appendFile(path: string, content: string | Uint8Array): Promise<void>;
  /** A file's content in pieces. */
  chunks(path: string): AsyncIterable<Uint8Array>;
  copyFile(from: string, to: string): Promise<void>;
  mkdir(path: string, options: { recursive: true }): Promise<string | undefined>;
  open(path: string, flag: OpenFlag): Promise<FileHandle>;
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** A file's content, without waiting for one that is a pipe or a device: null for these. */
  readPlainFile(path: string): Promise<Uint8Array<ArrayBuffer> | null>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  readdir(path: string, options?: { recursive?: boolean }): Promise<string[]>;
  readdir(path: string, options: { withFileTypes: true }): Promise<FolderEntry[]>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void>;
  rmdir(path: string): Promise<void>;
  stat(path: string): Promise<FileStats>;
  symlink(target: string, path: string): Promise<void>;
  truncate(path: string, length: number): Promise<void>;
  writeFile(path: string, content: string | Uint8Array, options?: WriteFileOptions): Promise<void>;

  closeSync(handle: number): void;
  existsSync(path: string): boolean;
  fstatSync(handle: number): FileStats;
  openSync(path: string, flag: OpenFlag): number;
  readFileSync(path: string): Uint8Array<ArrayBuffer>;
  readFileSync(path: string, encoding: "utf8"): string;
  readSync(handle: number, into: Uint8Array, offset: number, length: number, position: number): number;
  readdirSync(path: string): string[];
  realpathSync(path: string): string;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: true }): void;
  /** Throws where there is nothing, unless `throwIfNoEntry` is `false`. */
  statSync(path: string): FileStats;
  statSync(path: string, options: { throwIfNoEntry: false }): FileStats | undefined;
  writeFileSync(path: string, content: string | Uint8Array): void;
}

/** Paths as this machine writes them. */
export interface Paths {
  readonly sep: string;
  basename(path: string, suffix?: string): string;
  dirname(path: string): string;
  join(...parts: string[]): string;
  relative(from: string, to: string): string;
  resolve(...parts: string[]): string;
  /** The path of a `file:` URL. */
  fromUrl(url: string | URL): string;
  /** The `file:` URL of a path. */
  toUrl(path: string): string;
}

/** Limits and colors of a decoding: at most so many pixels and seconds, colors as they are stored or converted by the picture's profile. */
export interface DecodeSettings {
  maxPixels: number;
  maxSeconds: number;
  colors: "stored" | "converted";
}

/** Pictures as files. */
export interface PictureCodec {
  /**
   * The first frame of an encoded picture as RGB, 8 bits a channel, upright by its EXIF orientation, transparent parts over white.
   * Rejects with a plain error for bytes that are no picture, and for one that is larger or slower than the settings allow; the
   * message of the latter begins with `timeout`.
   */
  decode(bytes: Uint8Array, settings: DecodeSettings): Promise<RawImage>;
  /** `[width, height]` of an encoded picture as it would be decoded; null for bytes that are no picture. */
  size(bytes: Uint8Array): Promise<[width: number, height: number] | null>;
  /** Resizes RGB pixels to exact sizes: Lanczos when reducing, nearest neighbor when enlarging. */
  resize(pixels: Pixels, width: number, height: number): Promise<Uint8Array>;
  /** A JPEG without chroma subsampling, for data whose pixels are computed on. */
  exactJpeg(pixels: Pixels, quality: number): Promise<Uint8Array>;
  /** A JPEG of the size given, as small as it gets, to look at. */
  smallJpeg(pixels: Pixels, width: number, height: number, quality: number): Promise<Uint8Array>;
  /** A lossless PNG. */
  png(pixels: Pixels): Promise<Uint8Array>;
  /** A PNG of few colors; a machine without one may answer with a full PNG. */
  palettePng(pixels: Pixels, colors: number): Promise<Uint8Array>;
  /**
   * The RGBA pixels of an SVG drawing, at once. Its words are in a face that comes with the library, so that they look alike everywhere; letters
   * that the face lacks are those of the machine. Missing on a machine that cannot draw.
   */
  drawSvg?(svg: string): RgbaPixels;
  /** The RGBA pixels of a plate with a sign, at once: in a face that comes with the library, in a page in one of the reader's machine. */
  drawPlate(plate: Plate): RgbaPixels;
}

/** A square plate with a sign on it, as CSS names its colors. */
export interface Plate {
  /** Side of the picture in pixels; the plate takes four fifths of it. */
  side: number;
  sign: string;
  /** Degrees by which the plate is turned. */
  turn: number;
  ink: string;
  paper: string;
}

/** Compression and checksum of PNG files, for pictures that are encoded synchronously. */
export interface Compression {
  deflate(bytes: Uint8Array): Uint8Array;
  crc32(bytes: Uint8Array): number;
}

/** A digest that is fed in pieces. */
export interface Digest {
  update(data: string | ArrayBufferView): Digest;
  digest(encoding: "hex"): string;
}

/** Values that follow a call through its promises and timers, where the machine can tell. */
export interface AsyncContext<T> {
  run<R>(value: T, body: () => R): R;
  getStore(): T | undefined;
}

/** Options of showing a value, by the names of Node. */
export interface InspectOptions {
  depth?: number | null;
  colors?: boolean;
  maxStringLength?: number | null;
  compact?: boolean | number;
  breakLength?: number;
}

/** Options of running code in the global scope. */
export interface EvaluateOptions {
  /** Name of the file in stacks. */
  name: string;
  /** Columns of the first line that precede the author's code. */
  columnOffset?: number;
  /** True if an interrupt from outside stops it. */
  breakOnSigint?: boolean;
}

/** A thread and the messages to and from it. It keeps the process alive between `ref` and `unref`. */
export interface Thread {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (message: never) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  ref(): void;
  unref(): void;
}

/** The machine. */
export interface Platform {
  readonly path: Paths;
  /** Paths with slashes, whatever the machine: inside repositories and compilers. */
  readonly posix: Pick<Paths, "basename" | "dirname" | "join">;
  readonly files: Files;
  readonly codec: PictureCodec;
  readonly compression: Compression;
  digest(algorithm: "sha256" | "sha1"): Digest;
  uuid(): string;
  /** Returns the number of threads that are worth starting. */
  cores(): number;
  /** A value as text, as a developer reads it. */
  inspect(value: unknown, options?: InspectOptions): string;
  /** Returns whether a value is a promise of the language, of whichever realm. */
  isPromise(value: unknown): boolean;
  /** Returns whether a value is an error of the language, of whichever realm. */
  isNativeError(value: unknown): boolean;
  /** Lets the event loop turn once. */
  turn(): Promise<void>;
  /** A timer that does not keep the process alive. Returns a function that stops it. */
  timer(body: () => void, ms: number): () => void;
  /** Runs code in the global scope. */
  evaluate(code: string, options: EvaluateOptions): unknown;
  /** Runs code that sees only `values`; `undefined` where it did not end in time, on machines that can tell. */
  evaluateWithin(ms: number, code: string, values: Record<string, unknown>): unknown;
  context<T>(): AsyncContext<T>;
  /** The function, running in the context of this call. */
  bind<A extends unknown[], R>(body: (...args: A) => R): (...args: A) => R;
  /** Bytes that the process holds. */
  residentBytes(): number;
  /** Processor time of this process so far. */
  cpuMs(): number;
  /** Variables of the environment, read anew each time. */
  environment(): Readonly<Record<string, string | undefined>>;
  /** The folder of the user's own files. */
  home(): string;
  /** The folder that relative paths begin in. */
  folder(): string;
  /** The folder of the library's modules. */
  libraryFolder(): string;
  /** The folder of the package `fovea`. */
  packageFolder(): string;
  /** The folder of the models that ship with the package. */
  zoo(): string;
  /** Host and process that write here, for locks on folders. */
  readonly process: { host: string; pid: number };
  /** Returns whether a process of this machine lives. */
  isAlive(pid: number): boolean;
  /** True if names of files may not hold a colon. */
  readonly isWindows: boolean;
  /** Starts a module of the library, named from its root without extension, in a thread. */
  thread(module: string): Thread;
  /** In a thread: answers each message, handing over the buffers named. */
  serve<M, A>(answer: (message: M) => Promise<A>, buffersOf: (answer: A) => ArrayBuffer[]): void;
}
