import { type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Returns the folder of what is kept between starts; all of it is made again where it is missing. Node runs what it finds there as its
 * own: a folder below the notebook's does not count, nor one that other users may write.
 *
 * @throws Error where the user has no such folder
 */
export function cacheFolder(): string {
  const named = process.env["XDG_CACHE_HOME"] ?? "";
  // Relative paths are invalid by the XDG Base Directory Specification.
  const caches = isAbsolute(named) ? named : join(homedir(), ".cache");
  if (!isAbsolute(caches)) throw new Error(`cache: the home folder must be an absolute path, received "${homedir()}"`);
  const folder = join(caches, "fovea");
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats && !isOwn(stats)) throw new Error(`cache: only its user must be able to write the folder ${folder}`);
  return folder;
}

/** Windows has neither users by number nor such modes; its caches lie in the user's profile. */
function isOwn({ uid, mode }: Stats): boolean {
  return !process.getuid || (uid === process.getuid() && (mode & 0o022) === 0);
}
