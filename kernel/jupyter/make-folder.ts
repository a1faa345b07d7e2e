/** Folders of a user's own files. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it, for the user alone. Node's own recursive `mkdir` never returns where a file system answers
 * that there is no such folder, as `/proc` does.
 *
 * @throws the file system's error where it cannot be made
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another kernel was first.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
