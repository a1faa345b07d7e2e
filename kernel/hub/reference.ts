import { HubError } from "./errors";

/** A repository of the hub at one revision. */
export interface HubReference {
  /** Repository, `owner/name`. */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
}

const NAME = /^[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;
const REVISION = /^[A-Za-z0-9_][\w./-]{0,254}$/;
/** Segment of a path without control characters, characters forbidden on Windows, and backslash. */
const SEGMENT = /^[^\u0000-\u001f<>:"\\|?*]{1,255}$/;

/**
 * Parses `hf:owner/name` and `hf:owner/name@revision`.
 *
 * @throws HubError for anything else
 */
export function parseReference(text: string, fn: string): HubReference {
  const [, repo, revision = "main"] = /^hf:([^@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (repo === undefined) throw new HubError(fn, "a model of the hub is hf:owner/name or hf:owner/name@revision", text);
  return { repo: checkRepo(fn, repo), revision: checkRevision(fn, revision) };
}

/** @throws HubError unless the text is a repository with a revision, as for a name alone */
export function checkReference(fn: string, reference: HubReference): HubReference {
  const { repo, revision } = Object(reference) as Partial<HubReference>;
  if (typeof repo === "string" && typeof revision === "string") return { repo, revision };
  throw new HubError(fn, 'a reference is { repo: "owner/name", revision: "main" }', reference);
}

/** Checks a repository's name. Names become folders of the cache, so a name that could leave it is refused. */
export function checkRepo(fn: string, repo: string): string {
  const parts = repo.split("/");
  const legal = parts.length <= 2 && parts.every((part) => NAME.test(part) && !/--|\.\./.test(part));
  if (!legal) throw new HubError(fn, "a repository is owner/name of letters, digits, -, _ and .", repo);
  return repo;
}

export function checkRevision(fn: string, revision: string): string {
  const legal = REVISION.test(revision) && revision.split("/").every((part) => part !== "" && !/^\.+$/.test(part));
  if (!legal) throw new HubError(fn, "a revision is a branch, a tag or a commit", revision);
  return revision;
}

/**
 * Checks a path inside of a repository, with `/`.
 *
 * @throws HubError for a path that leaves it
 */
export function checkFile(fn: string, file: string): string {
  const legal = file.split("/").every((part) => SEGMENT.test(part) && !/^\.+$/.test(part) && part.trim() === part);
  if (!legal || file.length > 1000) throw new HubError(fn, "a file is a relative path inside of the repository", file);
  return file;
}

/** Tests whether a revision determines its content: a full commit. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);
