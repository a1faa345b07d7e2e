import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { EncoderError } from "../errors";

/** Folders that this process writes to: its own number in a lock file may be that of an earlier process. */
const held = new Set<string>();

/**
 * Keeps a folder for this process. The lock of a process that was killed is taken over.
 *
 * @returns gives it back
 * @throws EncoderError when another living process, or one on another machine, holds it
 */
export async function lockFolder(fn: string, folder: string): Promise<() => Promise<void>> {
  const path = join(resolve(folder), ".lock");
  if (held.has(path)) throw busy(fn, folder, "this process");
  const text = JSON.stringify({ host: hostname(), pid: process.pid });
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, text, { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 2) throw error;
      await removeStale(fn, folder, path);
    }
  }
  held.add(path);
  return async () => {
    held.delete(path);
    await rm(path, { force: true });
  };
}

async function removeStale(fn: string, folder: string, path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => "");
  const { host, pid } = parseLock(text);
  if (host !== undefined && host !== hostname()) throw busy(fn, folder, `process ${pid} on ${host} (or remove .lock)`);
  if (pid !== undefined && pid !== process.pid && isAlive(pid)) throw busy(fn, folder, `process ${pid}`);
  await rm(path, { force: true });
}

function parseLock(text: string): { host?: string; pid?: number } {
  try {
    return JSON.parse(text) as { host?: string; pid?: number };
  } catch {
    return {};
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const busy = (fn: string, folder: string, who: string): EncoderError =>
  new EncoderError(fn, `out must be written by one process at a time, it is by ${who}`, folder);
