import { checkArguments } from "../rules/arguments";
import { FileError, fileError } from "../platform/file-error";
import { RepoCache } from "./cache";
import { download } from "./download";
import { HubError } from "./errors";
import { checkFile, checkReference, checkRepo, checkRevision, type HubReference, isCommit } from "./reference";
import { chunksOf, NO_ANSWER, request } from "./request";
import { Patience } from "./patience";
import { type HubSettings, settingsWith } from "./settings";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { parseJson } from "../rules/json-text";
import { patientBar } from "../display/progress";

/** Progress of a download. */
export interface HubProgress {
  /** Path inside of the repository. */
  file: string;
  /** Received bytes. */
  done: number;
  /** Total bytes; null where the hub did not report them. */
  total: number | null;
}

/** Options of fetching files. */
export interface HubOptions {
  /** Called as bytes arrive. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: HubProgress) => void;
  /** Stops the download; received data stays and is used by the next call. Default: none. */
  signal?: AbortSignal;
  /** Largest accepted file in bytes. Default 32 GiB. */
  maxBytes?: number;
  /** Settings of the hub; each that is absent comes from the environment, see `HubSettings`. Default: all do. */
  settings?: Partial<HubSettings>;
  /** Name of the public function in errors. Default: the called function. */
  fn?: string;
}

const MAX_BYTES = 2 ** 35;
const MAX_LISTING = 16 * 2 ** 20;

interface Metadata {
  commit: string;
  etag: string;
  size: number | null;
}

const NAMES: OptionNames<HubOptions> = { onProgress: true, signal: true, maxBytes: true, settings: true, fn: true };
const downloads = new Map<string, Promise<void>>();

/**
 * Fetches one file of a repository into the cache, if absent, and returns its path in the snapshot. A revision that is
 * a commit is looked up without asking the hub; offline, or when the hub is unreachable, so is every other revision.
 *
 * @throws HubError for invalid names, a file that does not exist or may not be read, a wrong checksum, no connection
 */
export async function fetchFile(reference: HubReference, file: string, options: HubOptions = {}): Promise<string> {
  checkOptionNames(options?.fn ?? "hub.fetchFile", options, NAMES, HubError);
  const { fn = "hub.fetchFile" } = options;
  checkArguments(fn, HubError, { file }, { file: "string" });
  const { repo, revision } = checkReference(fn, reference);
  checkRepo(fn, repo);
  checkRevision(fn, revision);
  checkFile(fn, file);
  const settings = settingsWith(options.settings, fn);
  const cache = new RepoCache(settings.cache, repo);
  const known = await cached(cache, revision, file);
  if (known && (isCommit(revision) || settings.offline)) return known;
  if (settings.offline)
    throw new HubError(
      fn,
      `${file} must be in the cache ${settings.cache}, as this is offline (HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set)`,
      `${repo}@${revision}`,
    );
  try {
    return await bring({ repo, revision }, file, cache, { ...options, settings, fn });
  } catch (error) {
    if (known && error instanceof HubError && error.rule === NO_ANSWER) return known;
    throw diskError(fn, settings.cache, error);
  }
}

function diskError(fn: string, cache: string, error: unknown): unknown {
  const failure = fileError(fn, error, cache);
  if (!(failure instanceof FileError)) return error;
  return new HubError(fn, `the cache must be a folder that takes the file (${failure.code})`, cache);
}

async function cached(cache: RepoCache, revision: string, file: string): Promise<string | null> {
  const commit = await cache.commitOf(revision);
  return commit && cache.find(commit, file);
}

type Settled = Omit<HubOptions, "settings"> & { settings: HubSettings; fn: string };

async function bring(of: HubReference, file: string, cache: RepoCache, options: Settled): Promise<string> {
  const { settings, fn, signal, maxBytes = MAX_BYTES, onProgress = megabyteBar() } = options;
  const url = urlOf(settings, of, file);
  const { commit, etag, size } = await metadata(url, options);
  if (size !== null && size > maxBytes) throw new HubError(fn, `${file} may have ${maxBytes} bytes at most`, size);
  const target = cache.blob(etag);
  if (!cache.hasBlob(etag)) {
    const pinned = urlOf(settings, { ...of, revision: commit }, file);
    const onBytes = (done: number): void => onProgress({ file, done, total: size });
    await once(target, () => download({ url: pinned, target, etag, size, maxBytes, settings, signal, fn, onBytes }));
  }
  const path = cache.find(commit, file) ?? (await cache.link(commit, file, etag));
  await cache.remember(of.revision, commit);
  return path;
}

/** Returns a receiver that shows a bar in the running cell of a notebook, for files of known size. */
function megabyteBar(): (progress: HubProgress) => void {
  const show = patientBar("Fetching", "MB");
  const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);
  return ({ done, total }) => {
    if (total !== null) show({ done: megabytes(done), total: megabytes(total) });
  };
}

/** Shares a download between two loads of one model. */
async function once(target: string, start: () => Promise<void>): Promise<void> {
  const running = downloads.get(target) ?? start().finally(() => downloads.delete(target));
  downloads.set(target, running);
  await running;
}

function urlOf({ endpoint }: HubSettings, { repo, revision }: HubReference, file: string): string {
  const path = file.split("/").map(encodeURIComponent).join("/");
  return `${endpoint}/${repo}/resolve/${encodeURIComponent(revision)}/${path}`;
}

/** Reads the hub's metadata of a file. Commit and etag become file names, so only letters and digits are accepted. */
async function metadata(url: string, { settings, signal, fn }: Settled): Promise<Metadata> {
  const { headers, status } = await request({ method: "HEAD", url, settings, signal, fn });
  const commit = headers.get("x-repo-commit") ?? "";
  if (!isCommit(commit)) throw new HubError(fn, `the hub must name the commit of ${url}`, commit);
  const etag = (headers.get("x-linked-etag") ?? headers.get("etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(etag)) throw new HubError(fn, `the hub must name the content of ${url}`, etag);
  // A redirect's length is that of the redirect.
  const length = headers.get("x-linked-size") ?? (status < 300 ? headers.get("content-length") : null);
  const size = length === null ? null : Number(length);
  if (size !== null && !(Number.isSafeInteger(size) && size >= 0))
    throw new HubError(fn, `the hub must say how long ${url} is`, length);
  return { commit, etag, size };
}

/**
 * Returns the paths of all files of a repository.
 *
 * @throws HubError when it does not exist or may not be read
 */
export async function listFiles(reference: HubReference, options: HubOptions = {}): Promise<string[]> {
  checkOptionNames(options?.fn ?? "hub.listFiles", options, NAMES, HubError);
  const { fn = "hub.listFiles", signal } = options;
  const { repo, revision } = checkReference(fn, reference);
  const settings = settingsWith(options.settings, fn);
  if (settings.offline)
    throw new HubError(fn, "HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE must not be set to list files", repo);
  checkRevision(fn, revision);
  const url = `${settings.endpoint}/api/models/${checkRepo(fn, repo)}/revision/${encodeURIComponent(revision)}`;
  const patience = new Patience(signal);
  const siblings = await request({ method: "GET", url, settings, signal: patience.signal, fn })
    .then((answer) => readListing(answer, url, fn, patience))
    .catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error instanceof HubError ? error : new HubError(fn, NO_ANSWER, `${url} (${(error as Error).message})`);
    })
    .finally(() => patience.end());
  return siblings.map((entry) => {
    if (typeof entry?.rfilename === "string") return checkFile(fn, entry.rfilename);
    throw new HubError(fn, "each sibling that the hub lists must have an rfilename", entry);
  });
}

async function readListing(
  answer: Response,
  url: string,
  fn: string,
  patience: Patience,
): Promise<({ rfilename?: unknown } | null)[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(answer)) {
    patience.count(chunk.length);
    const { bytes: length } = patience;
    if (length > MAX_LISTING) throw new HubError(fn, `a list of files may have ${MAX_LISTING} bytes`, url);
    chunks.push(chunk);
  }
  try {
    const { siblings } = parseJson(await new Blob(chunks).text()) as { siblings?: unknown };
    if (Array.isArray(siblings)) return siblings as ({ rfilename?: unknown } | null)[];
  } catch {
    // Reported below, as an answer without the list.
  }
  throw new HubError(fn, "the hub must answer with a list of siblings", url);
}
