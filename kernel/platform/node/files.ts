import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Files, Paths } from "../types";

/**
 * Makes a folder and those above it; returns the topmost that was missing. Node's own `recursive` never ends where a folder above
 * cannot be made and that is told as ENOENT, as under `/proc`.
 */
async function makeFolder(folder: string): Promise<string | undefined> {
  const above = path.dirname(folder);
  try {
    await fs.promises.mkdir(folder);
    return folder;
  } catch (error) {
    const isThere = await fs.promises.stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isThere) return undefined;
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === folder) throw error;
  }
  const first = await makeFolder(above);
  await fs.promises.mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Another process was quicker.
    if (error.code !== "EEXIST") throw error;
  });
  return first ?? folder;
}

/** Made when files are first asked for: a session starts without the promises of `fs`. */
export function makeFiles(): Files {
  const { promises } = fs;
  return {
    access: promises.access,
    appendFile: promises.appendFile,
    chunks: fs.createReadStream,
    copyFile: promises.copyFile,
    mkdir: makeFolder,
    open: promises.open,
    readFile: promises.readFile,
    readPlainFile,
    readdir: promises.readdir,
    rename: promises.rename,
    rm: promises.rm,
    rmdir: promises.rmdir,
    stat: promises.stat,
    symlink: promises.symlink,
    truncate: promises.truncate,
    writeFile: promises.writeFile,
    closeSync: fs.closeSync,
    existsSync: fs.existsSync,
    fstatSync: fs.fstatSync,
    openSync: fs.openSync,
    readFileSync: fs.readFileSync,
    readSync: fs.readSync,
    readdirSync: fs.readdirSync,
    realpathSync: fs.realpathSync,
    renameSync: fs.renameSync,
    rmSync: fs.rmSync,
    statSync: fs.statSync,
    writeFileSync: fs.writeFileSync,
  } as Files;
}

/** Opened without waiting: a named pipe without a writer would keep a thread for good. */
async function readPlainFile(file: string): Promise<Buffer | null> {
  const handle = await fs.promises.open(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  try {
    const found = await handle.stat();
    return found.isFile() || found.isDirectory() ? await handle.readFile() : null;
  } finally {
    await handle.close();
  }
}

const { sep, basename, dirname, join, relative, resolve } = path;
export const nodePaths: Paths = {
  sep,
  basename,
  dirname,
  join,
  relative,
  resolve,
  fromUrl: fileURLToPath,
  toUrl: (file) => pathToFileURL(file).href,
};
export const posixPaths = path.posix;
