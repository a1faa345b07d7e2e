/** Pictures of tars and parquet files, read one after the other: some are in memory at a time, never an archive. */
import { sha256Of } from "../../platform";
import { chunks, open, stat } from "../../platform/files";
import { join } from "../../platform/path";
import type { SystemError } from "../../platform/types";
import { FeatureError } from "../error";
import { isPictureName, readImage } from "../images";
import type { ImageItem, ReadPicture } from "../sources";
import { gunzipped, type TarItem, tarItems } from "../tar";
import { placeOf, type PlannedSource } from "./source";

/** Largest picture and text that are read from an archive. */
const MOST_BYTES = 256 * 2 ** 20;
const MOST_TEXT = 2 ** 20;
/** Rows of a parquet file in memory at a time. */
const ROWS = 256;

const isUrl = (place: string): boolean => /^https?:\/\//i.test(place);

/** Words beside a picture, kept with its features: those of a webdataset sample or of a row's other columns. */
export interface PictureNote {
  caption?: string;
  metadata?: unknown;
}

/**
 * Yields the pictures of one part. What is wrong with one picture, or with the rest of a cut archive, is a reason of that
 * picture; an archive that cannot be read at all throws, because another try may read it.
 *
 * @throws FeatureError for an archive that is missing or cannot be read
 */
export async function* picturesOf(
  fn: string,
  source: PlannedSource,
  names: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<ImageItem, void, void> {
  for (const name of names) {
    signal?.throwIfAborted();
    const place = placeOf(source.root, name);
    if (source.content === "pictures") yield pictureItem(fn, name, place, signal);
    else if (source.content === "tar") yield* tarPictures(fn, name, place, signal);
    else yield* parquetPictures(fn, source, name, place);
  }
}

function pictureItem(fn: string, name: string, place: string, signal?: AbortSignal): ImageItem {
  if (!isUrl(place)) return { path: name, read: () => readImage({ path: name, file: place }) };
  return { path: name, read: () => readUrl(fn, place, signal) };
}

/** Codes of a host that may give the picture another time: too slow, too early, too many requests. */
const LATER = [408, 425, 429];

/** Reads a picture of the web. One that is not there is skipped; a host that does not answer throws. */
async function readUrl(fn: string, url: string, signal?: AbortSignal): Promise<ReadPicture> {
  const answer = await fetch(url, { signal }).catch((error: unknown) => unreachable(fn, url, error));
  if (LATER.includes(answer.status) || answer.status >= 500)
    throw new FeatureError(fn, `the host must give the picture (${answer.status})`, url);
  if (!answer.ok) return { reason: `the picture cannot be fetched (${answer.status})` };
  return known(new Uint8Array(await answer.arrayBuffer().catch((error: unknown) => unreachable(fn, url, error))));
}

function unreachable(fn: string, url: string, error: unknown): never {
  if ((error as Error).name === "AbortError") throw error;
  const { cause, message } = error as Error & { cause?: SystemError };
  throw new FeatureError(fn, `the host must answer (${cause?.code ?? message})`, url);
}

/** A read picture. */
const known = (input: Uint8Array, note?: unknown): ReadPicture => ({
  input,
  sha256: sha256Of(input),
  note,
});

const itemOf = (path: string, read: ReadPicture): ImageItem => ({ path, read: () => Promise.resolve(read) });

/** Name of an archive without its extension, which begins the names of its pictures. */
const stem = (name: string): string =>
  name
    .replace(/[?#].*$/, "")
    .replace(/^https?:\/\/[^/]+\//i, "")
    .replace(/(\.tar)?\.\w+$/i, "");

/** A webdataset sample: files of one key, one behind the other. */
interface Sample {
  key: string;
  pictures: TarItem[];
  note: PictureNote;
}

async function* tarPictures(fn: string, name: string, place: string, signal?: AbortSignal): AsyncGenerator<ImageItem> {
  let whole = 0;
  let broken: unknown = null;
  const source = bytesOf(fn, place, signal);
  const samples = samplesOf(tarItems(gunzipped(source), chooseEntry));
  try {
    for (;;) {
      const next = await samples.next().catch((error: unknown) => {
        if (error instanceof FeatureError || signal?.aborted) throw error;
        broken = error;
        return { done: true, value: undefined } as const;
      });
      if (next.done) break;
      for (const item of sampleItems(stem(name), next.value)) {
        whole++;
        yield item;
      }
    }
  } finally {
    await samples.return();
  }
  if (broken !== null) yield itemOf(name, { reason: `the tar is cut or damaged after ${whole} pictures` });
}

const TEXT = /\.(txt|json)$/i;
/** Pictures that are not read are named, so that none is lost without a word. */
function chooseEntry(name: string, size: number, isFile: boolean): boolean | string {
  if (!isPictureName(name)) return isFile && TEXT.test(name) && size <= MOST_TEXT;
  if (!isFile) return "the picture is a link or a folder in the tar";
  return size <= MOST_BYTES || `a picture must have at most ${MOST_BYTES} bytes`;
}

const keyOf = (name: string): string => /^(?:.*\/)?[^.]*/.exec(name)?.[0] ?? name;

/** Gathers files of one key. Of a tar that breaks, the last sample comes before the error. */
async function* samplesOf(items: AsyncGenerator<TarItem, void, void>): AsyncGenerator<Sample, void, void> {
  let sample: Sample = { key: "", pictures: [], note: {} };
  let failure: unknown = null;
  try {
    for (;;) {
      const next: IteratorResult<TarItem, void> = await items.next().catch((error: unknown) => {
        failure = error ?? new Error("damaged");
        return { done: true, value: undefined };
      });
      if (next.done) break;
      const key = keyOf(next.value.name);
      if (sample.key !== key) {
        yield sample;
        sample = { key, pictures: [], note: {} };
      }
      addTo(sample, next.value);
    }
    yield sample;
  } finally {
    await items.return();
  }
  if (failure !== null) throw failure;
}

function addTo(sample: Sample, item: TarItem): void {
  if (isPictureName(item.name)) return void sample.pictures.push(item);
  const text = new TextDecoder().decode(item.bytes);
  if (/\.txt$/i.test(item.name)) sample.note.caption = text.trim();
  else sample.note.metadata = parsed(text);
}

/** A sample's description; one that is no JSON is kept as text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function sampleItems(prefix: string, { pictures, note }: Sample): ImageItem[] {
  const kept = Object.keys(note).length ? note : undefined;
  return pictures.map(({ name, bytes, reason }) =>
    itemOf(`${prefix}/${name.replace(/^(\.?\/)+/, "")}`, reason === undefined ? known(bytes, kept) : { reason }),
  );
}

/** Yields the bytes of a file or URL. */
async function* bytesOf(fn: string, place: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    if (!isUrl(place)) return yield* chunks(place);
    const answer = await fetch(place, { signal });
    if (!answer.ok || !answer.body)
      throw new FeatureError(fn, `the host must give the archive (${answer.status})`, place);
    const reader = answer.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value as Uint8Array;
  } catch (error) {
    throw unread(fn, place, error, signal);
  }
}

function unread(fn: string, place: string, error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof FeatureError || signal?.aborted) return error;
  const { code, message, cause } = error as SystemError & { cause?: SystemError };
  return new FeatureError(fn, `the archive must be readable (${code ?? cause?.code ?? message})`, place);
}

/** Random access to a file or URL, as hyparquet asks for it. */
interface Ranges {
  byteLength: number;
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

async function* parquetPictures(
  fn: string,
  source: PlannedSource,
  name: string,
  place: string,
): AsyncGenerator<ImageItem> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import("hyparquet");
  const { file, close } = await rangesOf(fn, place);
  const column = source.column ?? "image";
  try {
    const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
      throw new FeatureError(fn, "the parquet file must be whole", `${place}: ${(error as Error).message}`);
    });
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    if (!columns.includes(column)) throw new FeatureError(fn, `column must be one of ${columns.join(", ")}`, column);
    const rows = Number(metadata.num_rows);
    for (let from = 0; from < rows; from += ROWS) {
      const rowEnd = Math.min(rows, from + ROWS);
      const wanted = [column, ...columns.filter((one) => one === "caption" || one === "text")];
      const found = await parquetReadObjects({
        file,
        metadata,
        columns: wanted,
        rowStart: from,
        rowEnd,
        utf8: false,
      }).catch((error: unknown) => {
        throw new FeatureError(fn, "the parquet file must be whole", `${place}: ${(error as Error).message}`);
      });
      for (const [i, row] of found.entries()) yield rowItem(source, column, `${stem(name)}/${from + i}`, row);
    }
  } finally {
    await close();
  }
}

/** Picture of a row: bytes, a path, or both as Hugging Face's data sets have them. */
function rowItem(source: PlannedSource, column: string, key: string, row: Record<string, unknown>): ImageItem {
  const value = row[column];
  const { bytes, path } = (value instanceof Uint8Array || typeof value === "string" ? {} : Object(value)) as {
    bytes?: unknown;
    path?: unknown;
  };
  const content = value instanceof Uint8Array ? value : bytes instanceof Uint8Array ? bytes : null;
  const name = typeof value === "string" ? value : path;
  const caption = row["caption"] ?? row["text"];
  const note = typeof caption === "string" ? { caption } : undefined;
  if (content?.length) return { path: key, read: () => Promise.resolve(known(new Uint8Array(content), note)) };
  if (typeof name !== "string") return itemOf(key, { reason: "the row has no picture" });
  const file = join(source.root, name);
  return { path: key, read: async () => ({ ...(await readImage({ path: key, file })), note }) };
}

async function rangesOf(fn: string, place: string): Promise<{ file: Ranges; close: () => Promise<void> }> {
  if (isUrl(place)) {
    const { asyncBufferFromUrl } = await import("hyparquet");
    const file = await asyncBufferFromUrl({ url: place }).catch((error: unknown) => unreachable(fn, place, error));
    return { file: file as Ranges, close: () => Promise.resolve() };
  }
  const { size } = await stat(place).catch((error: unknown) => {
    throw unread(fn, place, error);
  });
  const handle = await open(place, "r");
  const slice = async (start: number, end = size): Promise<ArrayBuffer> => {
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) throw new Error("the file is shorter than it was");
      at += bytesRead;
    }
    return bytes.buffer;
  };
  return { file: { byteLength: size, slice }, close: () => handle.close() };
}
