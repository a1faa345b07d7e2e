import { platform } from ".";
import { readFile, rm, stat, writeFile } from "./files";
import { join, resolve } from "./path";
import type { SystemError } from "./types";

/** Name of the lock in its folder. */
export const LOCK = ".lock";

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
  const path = join(resolve(folder), LOCK);
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
  const text = JSON.stringify(self());
  for (let attempt = 0; ; attempt++) {
    try {
      return await writeFile(path, text, { flag: "wx" });
    } catch (error) {
      if ((error as SystemError).code !== "EEXIST" || attempt > 2) throw error;
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
  if (host !== undefined && host !== self().host) throw busy(`process ${pid} on ${host} (or remove .lock)`);
  if (pid !== undefined && pid !== self().pid && platform().isAlive(pid)) throw busy(`process ${pid}`);
  await rm(path, { force: true });
}

/** Owner of a lock; a file that says anything else names none, and its lock is stale once it is old. */
function parseLock(text: string): { host?: string; pid?: number } {
  try {
    const { host, pid } = Object(JSON.parse(text)) as { host?: unknown; pid?: unknown };
    return typeof host === "string" && Number.isInteger(pid) ? { host, pid: pid as number } : {};
  } catch {
    return {};
  }
}

const self = (): { host: string; pid: number } => platform().process;
