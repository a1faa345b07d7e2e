import { platform } from "../platform";
import { sleep } from "../platform/sleep";
import { FileError } from "../platform/file-error";
import { chunks, mkdir, open, rename, rm, stat } from "../platform/files";
import { dirname } from "../platform/path";
import { HubError } from "./errors";
import { LIMITS, Patience } from "./patience";
import { chunksOf, request, type HubRequest } from "./request";

/** Download of a file to `target`. */
export interface Download extends Pick<HubRequest, "url" | "settings" | "signal" | "fn"> {
  target: string;
  /** Content name of the hub: SHA-256 of a large file, git's SHA-1 of a small one. */
  etag: string;
  /** Size in bytes; null where the hub did not report it. */
  size: number | null;
  maxBytes: number;
  onBytes: (done: number) => void;
}

/** Consecutive connections without data after which the download is abandoned. */
const FRUITLESS = 3;

type FileHandle = Awaited<ReturnType<typeof open>>;

/**
 * Downloads beside the target, checks size and hash, and moves the file there. A broken connection resumes where it
 * ended, in this call or, because the partial file stays, in a later one.
 *
 * @throws HubError for a wrong length or checksum, too large a file, or a hub that does not deliver
 */
export async function download(job: Download): Promise<void> {
  const part = `${job.target}.incomplete`;
  await mkdir(dirname(part), { recursive: true });
  const resumed = await sizeOf(part);
  await fill(job, part);
  const wrong = await mismatch(job, part);
  if (wrong) {
    await rm(part, { force: true });
    // The partial file may belong to another file: start again.
    if (resumed > 0) return download(job);
    throw new HubError(job.fn, wrong.rule, wrong.value);
  }
  await rename(part, job.target).catch(async (error: unknown) => {
    // Another process that downloads the same file was first.
    if (!(await sizeOf(job.target))) throw error;
  });
}

/** Fills the partial file. Bytes go to their positions, so two processes at the same file write the same bytes. */
async function fill(job: Download, part: string): Promise<void> {
  let at = job.size === null ? 0 : Math.min(await sizeOf(part), job.size);
  const file = await open(part, at ? "r+" : "w");
  try {
    for (let fruitless = 0; job.size === null || at < job.size; fruitless++) {
      const { end, bytes, failure } = await connect(job, file, at);
      // A connection that brings a few bytes is as good as none: a hub of a byte a second would hold the call for ever.
      if (bytes >= LIMITS.leastBytes) fruitless = 0;
      at = end;
      if (failure === null && end >= (job.size ?? end)) break;
      if (fruitless >= FRUITLESS) throw failure ?? tooShort(job, end);
      await sleep(100 * 2 ** fruitless, job.signal);
    }
    await file.truncate(at);
    await file.sync();
  } finally {
    await file.close();
  }
}

const tooShort = ({ fn, size, url }: Download, end: number): HubError =>
  new HubError(fn, `the hub must deliver ${size} bytes of ${url}`, end);

/** Runs one connection and returns its end position, its bytes, and its error, if any. */
async function connect(
  job: Download,
  file: FileHandle,
  start: number,
): Promise<{ end: number; bytes: number; failure: unknown }> {
  const { fn, url, settings, signal } = job;
  const patience = new Patience(signal);
  const headers: Record<string, string> = start ? { range: `bytes=${start}-` } : {};
  let at = start;
  try {
    const answer = await request({ method: "GET", url, settings, headers, signal: patience.signal, fn });
    at = answer.status === 206 ? checkRange(job, answer, start) : 0;
    for await (const chunk of chunksOf(answer)) {
      patience.count(chunk.length);
      if (at + chunk.length > (job.size ?? job.maxBytes)) throw tooLong(job);
      await file.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      job.onBytes(at);
    }
    return { end: at, bytes: patience.bytes, failure: null };
  } catch (failure) {
    signal?.throwIfAborted();
    if (failure instanceof HubError || failure instanceof FileError) throw failure;
    const { message } = failure as Error;
    const broken = new HubError(fn, "the hub must deliver the whole file", `${at} bytes of ${url} (${message})`);
    return { end: at, bytes: patience.bytes, failure: broken };
  } finally {
    patience.end();
  }
}

const tooLong = ({ fn, size, maxBytes, url }: Download): HubError =>
  new HubError(fn, `the file must end after ${size ?? maxBytes} bytes`, url);

function checkRange({ fn, url }: Download, answer: Response, start: number): number {
  const range = answer.headers.get("content-range");
  if (!range?.startsWith(`bytes ${start}-`)) throw new HubError(fn, `${url} must go on at byte ${start}`, range);
  return start;
}

/** Returns the fault of a complete file, or null. An etag that is no hash allows only a check of the length. */
async function mismatch({ etag, size, url }: Download, part: string): Promise<{ rule: string; value: unknown } | null> {
  const length = await sizeOf(part);
  if (size !== null && length !== size) return { rule: `${url} must have ${size} bytes`, value: length };
  const isSha256 = /^[0-9a-f]{64}$/.test(etag);
  if (!isSha256 && !/^[0-9a-f]{40}$/.test(etag)) return null;
  const hash = platform().digest(isSha256 ? "sha256" : "sha1");
  if (!isSha256) hash.update(`blob ${length}\0`);
  for await (const chunk of chunks(part)) hash.update(chunk);
  const seen = hash.digest("hex");
  return seen === etag ? null : { rule: `${url} must have the checksum ${etag}`, value: seen };
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
