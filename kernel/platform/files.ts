/** The files of the machine in place, under Node's names. */
import { platform } from ".";
import type { Files } from "./types";

export type { FileHandle } from "./types";

type Call = (...args: never[]) => unknown;

/** A function of whichever machine is in place when it is called. */
function file<K extends keyof Files>(name: K): Files[K] {
  return ((...args: never[]) => (platform().files[name] as Call)(...args)) as Call as Files[K];
}

export const access = file("access");
export const appendFile = file("appendFile");
export const chunks = file("chunks");
export const copyFile = file("copyFile");
export const mkdir = file("mkdir");
export const open = file("open");
export const readFile = file("readFile");
export const readPlainFile = file("readPlainFile");
export const readdir = file("readdir");
export const rename = file("rename");
export const rm = file("rm");
export const rmdir = file("rmdir");
export const stat = file("stat");
export const symlink = file("symlink");
export const truncate = file("truncate");
export const writeFile = file("writeFile");

export const closeSync = file("closeSync");
export const existsSync = file("existsSync");
export const fstatSync = file("fstatSync");
export const openSync = file("openSync");
export const readFileSync = file("readFileSync");
export const readSync = file("readSync");
export const readdirSync = file("readdirSync");
export const realpathSync = file("realpathSync");
export const renameSync = file("renameSync");
export const statSync = file("statSync");
export const writeFileSync = file("writeFileSync");

/**
 * Makes a file beside its place and moves it there, so that no reader sees half of it. Where `make` throws, nothing is left.
 *
 * @param make writes the file to the path that it is given
 */
export async function replaceFile(path: string, make: (beside: string) => Promise<void>): Promise<void> {
  const beside = `${path}.${platform().uuid()}.part`;
  try {
    await make(beside);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
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
