import { copyFile, isFile, mkdir, readFile, replaceFile, symlink, writeFile } from "../platform/files";
import { dirname, join, relative } from "../platform/path";
import { isCommit } from "./reference";

/**
 * Folder of one repository in a cache with huggingface_hub's layout, so that downloads of either serve both:
 *
 *     models--owner--name/refs/main            commit of the branch
 *                        /blobs/<etag>         contents
 *                        /snapshots/<commit>/  the repository's tree, links into blobs
 */
export class RepoCache {
  private readonly folder: string;

  constructor(cache: string, repo: string) {
    this.folder = join(cache, ["models", ...repo.split("/")].join("--"));
  }

  /** Returns the last known commit of a revision, or null. */
  async commitOf(revision: string): Promise<string | null> {
    if (isCommit(revision)) return revision;
    const text = await readFile(this.ref(revision), "utf8").catch(() => "");
    return isCommit(text.trim()) ? text.trim() : null;
  }

  async remember(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return;
    const path = this.ref(revision);
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, (beside) => writeFile(beside, commit));
  }

  /** Returns the path of a snapshot's file if its content is present, else null. */
  find(commit: string, file: string): string | null {
    const path = this.snapshot(commit, file);
    return isFile(path) ? path : null;
  }

  hasBlob(etag: string): boolean {
    return isFile(this.blob(etag));
  }

  blob(etag: string): string {
    return join(this.folder, "blobs", etag);
  }

  /** Links a file of a snapshot to its content; copies where the system has no links. */
  async link(commit: string, file: string, etag: string): Promise<string> {
    const path = this.snapshot(commit, file);
    await mkdir(dirname(path), { recursive: true });
    const target = relative(dirname(path), this.blob(etag));
    // Made beside and moved, because a link to a deleted blob may be in the way.
    await replaceFile(path, (beside) => symlink(target, beside).catch(() => copyFile(this.blob(etag), beside)));
    return path;
  }

  private ref(revision: string): string {
    return join(this.folder, "refs", ...revision.split("/"));
  }

  private snapshot(commit: string, file: string): string {
    return join(this.folder, "snapshots", commit, ...file.split("/"));
  }
}
