/** The files of the machine in place, under Node's names. */
import { platform } from ".";
import { FileError, fileError } from "./file-error";
import { dirname } from "./path";
import type { FileHandle, Files, SystemError } from "./types";

export type { FileHandle } from "./types";

type Call = (...args: never[]) => unknown;

/** A function of whichever machine is in place when it is called. */
function file<K extends keyof Files>(name: K): Files[K] {
  return ((...args: never[]) => (platform().files[name] as Call)(...args)) as Call as Files[K];
}

type Writer = "appendFile" | "copyFile" | "rename" | "rm" | "rmdir" | "symlink" | "truncate" | "writeFile";

/** A function that changes the disk: an error of the disk is a `FileError` that names the last path of the call. */
function writer<K extends Writer>(name: K, pathIndex: 0 | 1 = 0): Files[K] {
  const call = file(name) as (...args: unknown[]) => Promise<unknown>;
  return ((...args: unknown[]) =>
    call(...args).catch((error: unknown) => {
      throw fileError(name, error, String(args[pathIndex]));
    })) as unknown as Files[K];
}

export const access = file("access");
export const appendFile = writer("appendFile");
export const chunks = file("chunks");
export const copyFile = writer("copyFile", 1);
export const readFile = file("readFile");
export const readPlainFile = file("readPlainFile");
export const readdir = file("readdir");
export const rename = writer("rename", 1);
export const rm = writer("rm");
export const rmdir = writer("rmdir");
export const stat = file("stat");
export const symlink = writer("symlink", 1);
export const truncate = writer("truncate");
export const writeFile = writer("writeFile");

export const closeSync = file("closeSync");
export const existsSync = file("existsSync");
export const fstatSync = file("fstatSync");
export const openSync = file("openSync");
export const readFileSync = file("readFileSync");
export const readSync = file("readSync");
export const readdirSync = file("readdirSync");
export const realpathSync = file("realpathSync");
export const statSync = file("statSync");

/** Tells whether a path is that of a plain file, which a reader neither waits on nor finds to be a folder. */
export const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** Makes a folder and those above it. */
export async function mkdir(path: string, options: { recursive: true }): Promise<string | undefined> {
  try {
    return await platform().files.mkdir(path, options);
  } catch (error) {
    throw fileError("mkdir", await closedPlace(error, path), path);
  }
}

/** Node says of a read-only disk that the folder above is missing, and of a file in the way that the folder exists. */
async function closedPlace(error: unknown, path: string): Promise<unknown> {
  const { code } = Object(error) as { code?: unknown };
  if (code === "EEXIST") return new FileError("mkdir", "ENOTDIR", path);
  if (code !== "ENOENT") return error;
  let above = dirname(path);
  while (!existsSync(above) && dirname(above) !== above) above = dirname(above);
  return new FileError("mkdir", "EROFS", above);
}

/** Opens a file; what is written through it fails as `writeFile` does. */
export async function open(path: string, flag: Parameters<Files["open"]>[1]): Promise<FileHandle> {
  if (flag === "r") return platform().files.open(path, flag);
  try {
    return saying(await platform().files.open(path, flag), path);
  } catch (error) {
    throw fileError("open", error, path);
  }
}

/** The same handle, whose failures to write name the disk and the path. */
function saying(handle: FileHandle, path: string): FileHandle {
  const words = (error: unknown): never => {
    throw fileError("write", error, path);
  };
  return {
    read: (...args) => handle.read(...args),
    write: (...args) => handle.write(...args).catch(words),
    writeFile: (content) => handle.writeFile(content).catch(words),
    stat: () => handle.stat(),
    truncate: (length) => handle.truncate(length).catch(words),
    sync: () => handle.sync().catch(words),
    close: () => handle.close(),
  };
}

export function renameSync(from: string, to: string): void {
  try {
    platform().files.renameSync(from, to);
  } catch (error) {
    throw fileError("renameSync", error, to);
  }
}

export function writeFileSync(path: string, content: string | Uint8Array): void {
  try {
    platform().files.writeFileSync(path, content);
  } catch (error) {
    throw fileError("writeFileSync", error, path);
  }
}

/**
 * Makes a file beside its place and moves it there, so that no reader sees half of it. Where `make` throws, nothing is left.
 *
 * @param make writes the file to the path that it is given
 * @throws FileError naming the place, for one that cannot be written or whose folder is missing
 */
export async function replaceFile(path: string, make: (beside: string) => Promise<void>): Promise<void> {
  const beside = `${path}.${platform().uuid()}.part`;
  try {
    await make(beside);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw ofPlace(error, beside, path);
  }
}

/** Writes a file beside its place and moves it there at once, as {@link replaceFile}: where that fails, nothing is left. */
export function replaceFileSync(path: string, content: string): void {
  const beside = `${path}.${platform().uuid()}.part`;
  try {
    writeFileSync(beside, content);
    renameSync(beside, path);
  } catch (error) {
    platform().files.rmSync(beside, { force: true });
    throw ofPlace(error, beside, path);
  }
}

/** Returns an error of the file beside its place as one of the place, whose name the caller knows. */
function ofPlace(error: unknown, beside: string, path: string): unknown {
  if (error instanceof FileError && error.path === beside) return new FileError(error.where, error.code, path);
  const isMissing = (Object(error) as SystemError).code === "ENOENT" && !existsSync(dirname(path));
  return isMissing ? new FileError("writeFile", "ENOENT", path) : error;
}

/** Writes a file of parts, which are never together in memory, as {@link replaceFile}; the content is on the disk at the end. */
export function writeParts(path: string, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  return replaceFile(path, async (beside) => {
    const file = await open(beside, "wx");
    try {
      for await (const part of parts) if (part.length) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}
