import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";

/** Function that makes the error from the holder of the folder. */
export type Busy = (who: string) => Error;

/** Folders that this process writes to; its process number in a lock file may belong to an earlier process. */
const held = new Set<string>();

/**
 * Locks a folder for this process. The lock of a killed process is taken over.
 *
 * @param busy makes the error for a folder held by another living process, or by one on another machine
 * @returns a function that releases the folder
 */
export async function lockFolder(folder: string, busy: Busy): Promise<() => Promise<void>> {
  const path = join(resolve(folder), ".lock");
  if (held.has(path)) throw busy("this process");
  held.add(path);
  try {
    await take(path, busy);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    held.delete(path);
  };
}

async function take(path: string, busy: Busy): Promise<void> {
  const text = JSON.stringify({ host: hostname(), pid: process.pid });
  for (let attempt = 0; ; attempt++) {
    try {
      return await writeFile(path, text, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 2) throw error;
      await removeStale(path, busy);
    }
  }
}

/** Milliseconds during which an empty lock counts as being written. */
const FRESH_MS = 10_000;

async function removeStale(path: string, busy: Busy): Promise<void> {
  const { host, pid } = parseLock(await readFile(path, "utf8").catch(() => ""));
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  if (pid === undefined && Date.now() - mtimeMs < FRESH_MS) throw busy("another process");
  if (host !== undefined && host !== hostname()) throw busy(`process ${pid} on ${host} (or remove .lock)`);
  if (pid !== undefined && pid !== process.pid && isAlive(pid)) throw busy(`process ${pid}`);
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
