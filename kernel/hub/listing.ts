import { readdir, stat } from "../platform/files";
import { join } from "../platform/path";
import { RepoCache } from "./cache";

/** A file that lies in the cache. */
export interface CachedFile {
  /** Repository, `owner/name`. */
  repo: string;
  /** Path inside of the repository, with slashes. */
  file: string;
  /** Path on the disk. */
  path: string;
  bytes: number;
}

const MAIN = "main";

/**
 * Returns the files of a kind that the cache holds of the repositories' main branches, at most so many. What is no repository is
 * passed over: other tools keep files there too.
 */
export async function listCached(cache: string, ending: string, most: number): Promise<CachedFile[]> {
  const found: CachedFile[] = [];
  for (const folder of (await names(cache)).sort()) {
    const [kind, ...parts] = folder.split("--");
    if (kind !== "models" || parts.length !== 2) continue;
    const repo = parts.join("/");
    const commit = await new RepoCache(cache, repo).commitOf(MAIN);
    if (commit === null) continue;
    const snapshot = join(cache, folder, "snapshots", commit);
    for (const name of (await names(snapshot, true)).sort()) {
      if (!name.endsWith(ending)) continue;
      const path = join(snapshot, name);
      const facts = await stat(path).catch(() => null);
      if (facts?.isFile()) found.push({ repo, file: name.replaceAll("\\", "/"), path, bytes: facts.size });
      if (found.length === most) return found;
    }
  }
  return found;
}

const names = (folder: string, recursive = false): Promise<string[]> => readdir(folder, { recursive }).catch(() => []);
