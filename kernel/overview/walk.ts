import { append } from "../numeric";
import { readdir, stat } from "../platform/files";
import { join } from "../platform/path";

/** A folder below the notebook's. */
export interface Folder {
  /** Path from the notebook's folder, with slashes; empty for that folder itself. */
  path: string;
  /** Names of the entries that are no folders. */
  files: string[];
}

const MOST_LEVELS = 4;
const MOST_ENTRIES = 5000;
/** Folders with many files that nobody loads by hand. */
const PASSED = /^\.|^(node_modules|__pycache__|site-packages)$/;

/** Returns the folders below one, level by level, and whether these are all. Links are not followed. */
export async function foldersBelow(root: string): Promise<{ folders: Folder[]; isWhole: boolean }> {
  const folders: Folder[] = [];
  let level = [""];
  let entries = 0;
  for (let depth = 0; depth < MOST_LEVELS && level.length; depth++) {
    const below: string[] = [];
    for (const path of level) {
      if (entries >= MOST_ENTRIES) return { folders, isWhole: false };
      const found = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
      entries += found.length;
      const inside = found.filter((entry) => entry.isDirectory() && !PASSED.test(entry.name));
      append(
        below,
        inside.map(({ name }) => (path ? `${path}/${name}` : name)),
      );
      folders.push({ path, files: found.filter((entry) => !entry.isDirectory()).map(({ name }) => name) });
    }
    level = below.sort();
  }
  return { folders, isWhole: level.length === 0 };
}

/** Bytes of a file; 0 where it cannot be asked. */
export const bytesOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0;
