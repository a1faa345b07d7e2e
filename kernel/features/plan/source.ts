/** Sources of a plan: names of pictures or archives, computed from a pattern or listed once. */
import { sha256Of } from "../../platform";
import { parseJson } from "../../rules/json-text";
import { open, readdir, readFile, stat } from "../../platform/files";
import { basename, dirname, join, relative, resolve } from "../../platform/path";
import type { SystemError } from "../../platform/types";
import { FeatureError } from "../error";
import { isPictureName, listImages } from "../images";
import { isPattern, parsePattern } from "./pattern";

/** Content of the named files: a picture each, or many pictures in a tar or parquet file. */
export type SourceContent = "pictures" | "tar" | "parquet";

/** Range of a plan's list of names: the content of one part. */
export interface ListRange {
  /** First byte in the list. */
  from: number;
  /** Byte after the last one. */
  to: number;
  /** Number of names. */
  names: number;
  /** SHA-256 of these bytes, in hexadecimal. */
  sha256: string;
}

/** Names of a plan and their division into parts. */
export type PlannedNames =
  | {
      /** Pattern of names, as `{000000..000999}.tar`. */
      pattern: string;
      /** Number of names that the pattern stands for. */
      names: number;
      perPart: number;
    }
  | {
      /** File beside the plan with a name a line, each as JSON. */
      list: string;
      names: number;
      ranges: ListRange[];
    };

/** Source of a plan's pictures. */
export type PlannedSource = PlannedNames & {
  content: SourceContent;
  /** Folder that relative names begin in. */
  root: string;
  /** Column of a parquet file with pictures as bytes, as paths, or as `{ bytes, path }`. */
  column?: string;
};

/** Division of a source into parts. */
export interface Division {
  picturesPerPart: number;
  archivesPerPart: number;
  /** In place of both, for listed files. */
  bytesPerPart?: number;
}

const ARCHIVE = /\.(?:(tar|tar\.gz|tgz)|parquet)$/i;
/** Archives that are not read; without a word, each would be taken for a picture. */
const FOREIGN = /\.(tar\.\w+|tbz2?|txz|tzst|zip|7z|rar|gz|bz2|xz|zst|arrow|feather|tfrecords?|h5|hdf5|npz|npy)$/i;
/** Largest number of parts, whose names have nine digits. */
const MOST_PARTS = 1e9;
const isUrl = (name: string): boolean => /^https?:\/\//i.test(name);

/** Returns where a name of a source leads: a URL, or a path. */
export const placeOf = (root: string, name: string): string => (isUrl(name) ? name : resolve(root, name));

/** Listed names, before they are divided. */
interface Listing {
  root: string;
  names: readonly string[];
}

/**
 * Describes a source: its pattern, or the list of its names and the bytes of that list.
 *
 * @param root folder that relative names begin in; by default that of the source
 * @param list name of the file that will hold a list
 * @throws FeatureError for no such source, or one that mixes pictures and archives
 */
export async function describeSource(
  fn: string,
  source: string | readonly string[],
  root: string | undefined,
  list: string,
  division: Division,
): Promise<{ source: PlannedSource; list: Uint8Array | null }> {
  const planned = await divided(fn, source, root, list, division);
  const parts = countParts(planned.source);
  if (parts > MOST_PARTS) throw new FeatureError(fn, `a plan has at most ${MOST_PARTS} parts`, parts);
  return planned;
}

async function divided(
  fn: string,
  source: string | readonly string[],
  root: string | undefined,
  list: string,
  division: Division,
): Promise<{ source: PlannedSource; list: Uint8Array | null }> {
  if (typeof source === "string" && isPattern(source))
    return { source: patternSource(fn, source, root, division), list: null };
  const found = await listNames(fn, source, root);
  if (!found.names.length) throw new FeatureError(fn, "the source must hold pictures, tars or parquet files", source);
  const content = contentOf(fn, found.names);
  const sizes = division.bytesPerPart === undefined ? null : await sizesOf(fn, found);
  const perPart = content === "pictures" ? division.picturesPerPart : division.archivesPerPart;
  const { bytes, ranges } = divide(found.names, sizes, division.bytesPerPart ?? perPart);
  return { source: { list, names: found.names.length, ranges, content, root: found.root }, list: bytes };
}

function patternSource(fn: string, text: string, root: string | undefined, division: Division): PlannedSource {
  if (division.bytesPerPart !== undefined)
    throw new FeatureError(fn, "bytesPerPart needs a source of listed files, not a pattern", text);
  const pattern = parsePattern(fn, text);
  const content = contentOf(fn, [pattern.at(0)]);
  const perPart = content === "pictures" ? division.picturesPerPart : division.archivesPerPart;
  return { pattern: text, names: pattern.length, perPart, content, root: resolve(root ?? ".") };
}

/** Names of one kind. */
function contentOf(fn: string, names: readonly string[]): SourceContent {
  const kindOf = (name: string): SourceContent => {
    const plain = isUrl(name) ? name.replace(/[?#].*$/, "") : name;
    const found = ARCHIVE.exec(plain);
    if (!found && FOREIGN.test(plain))
      throw new FeatureError(fn, "archives must be *.tar, *.tar.gz, *.tgz or *.parquet", name);
    return found ? (found[1] ? "tar" : "parquet") : "pictures";
  };
  const kind = kindOf(names[0]);
  const other = names.find((name) => kindOf(name) !== kind);
  if (other === undefined) return kind;
  throw new FeatureError(
    fn,
    `a source holds files of one kind, which a pattern can name; ${names[0]} is another than`,
    other,
  );
}

async function listNames(fn: string, source: string | readonly string[], root?: string): Promise<Listing> {
  if (typeof source !== "string") return { root: resolve(root ?? "."), names: namesOf(fn, source) };
  if (isUrl(source)) return { root: resolve(root ?? "."), names: [source] };
  const found = await stat(source).catch((error: SystemError) => {
    throw new FeatureError(fn, `the source must be a folder, a file or a pattern (${error.code})`, source);
  });
  if (found.isDirectory()) return rebased(await listFolder(fn, source), root);
  const folder = resolve(root ?? dirname(source));
  if (ARCHIVE.test(source) || isPictureName(source))
    return rebased({ root: dirname(resolve(source)), names: [basename(source)] }, root);
  if (/\.json$/i.test(source)) return { root: folder, names: await cocoNames(fn, source) };
  const text = await readFile(source, "utf8");
  if (text.includes("\0")) throw new FeatureError(fn, "a list must be text with a name a line", source);
  const lines = text.split("\n").map((line) => line.trim());
  return { root: folder, names: unique(lines.filter((line) => line !== "")) };
}

/** Names that were given one by one. */
function namesOf(fn: string, source: readonly string[]): string[] {
  const isList = Array.isArray(source) && source.every((name) => typeof name === "string" && name !== "");
  if (!isList) throw new FeatureError(fn, "the source must be a text, or names that are not empty", source);
  return unique(source);
}

/** Names as they are from another folder. */
function rebased(listing: Listing, root: string | undefined): Listing {
  if (root === undefined) return listing;
  const from = resolve(root);
  return { root: from, names: listing.names.map((name) => relative(from, join(listing.root, name))) };
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

/** Archives and pictures of a folder with its sub-folders; one that has both is refused, so that none is passed over. */
async function listFolder(fn: string, folder: string): Promise<Listing> {
  const entries = (await readdir(folder, { recursive: true })).map((name) => name.replaceAll("\\", "/"));
  // Sorted by code units, because the order decides the parts.
  const archives = entries.filter((name) => ARCHIVE.test(name)).sort((a, b) => (a < b ? -1 : 1));
  const pictures = (await listImages(fn, folder)).map(({ path }) => path);
  return { root: resolve(folder), names: [...archives, ...pictures] };
}

async function cocoNames(fn: string, path: string): Promise<string[]> {
  const rule = `${path} must be JSON with images of a file_name each, as COCO's`;
  let content: { images?: unknown };
  try {
    content = Object(parseJson(await readFile(path, "utf8"))) as { images?: unknown };
  } catch (error) {
    throw new FeatureError(fn, rule, (error as Error).message);
  }
  if (!Array.isArray(content.images)) throw new FeatureError(fn, rule, Object.keys(content).slice(0, 8));
  const names = content.images.map((image) => (Object(image) as { file_name?: unknown }).file_name);
  const wrong = names.findIndex((name) => typeof name !== "string" || name === "");
  if (wrong >= 0) throw new FeatureError(fn, rule, `image ${wrong}`);
  return unique(names as string[]);
}

async function sizesOf(fn: string, { root, names }: Listing): Promise<number[]> {
  const sizes: number[] = [];
  for (const name of names) {
    if (isUrl(name)) throw new FeatureError(fn, "bytesPerPart needs files on this machine", name);
    // A file that is not there yet counts nothing; its part will say that it is missing.
    sizes.push((await stat(placeOf(root, name)).catch(() => ({ size: 0 }))).size);
  }
  return sizes;
}

/** Divides names so that each part holds about `most` names, or bytes where sizes are given. */
function divide(
  names: readonly string[],
  sizes: readonly number[] | null,
  most: number,
): { bytes: Uint8Array; ranges: ListRange[] } {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(names.map((name) => `${JSON.stringify(name)}\n`).join(""));
  const ranges: ListRange[] = [];
  let [from, at, held, count] = [0, 0, 0, 0];
  const close = (): void => {
    if (count) ranges.push({ from, to: at, names: count, sha256: sha256Of(bytes.subarray(from, at)) });
    [from, held, count] = [at, 0, 0];
  };
  names.forEach((_, i) => {
    const weight = sizes?.[i] ?? 1;
    if (count && held + weight > most) close();
    at = bytes.indexOf(NEWLINE, at) + 1;
    held += weight;
    count++;
  });
  close();
  return { bytes, ranges };
}

const NEWLINE = 10;

/** Returns the number of parts of a source. */
export const countParts = (source: PlannedNames): number =>
  "pattern" in source ? Math.ceil(source.names / source.perPart) : source.ranges.length;

/**
 * Returns the names of one part.
 *
 * @param folder folder of the plan, where its list lies
 * @throws FeatureError for a list that differs from the plan's
 */
export async function namesOfPart(fn: string, source: PlannedSource, folder: string, part: number): Promise<string[]> {
  if ("pattern" in source) {
    const pattern = parsePattern(fn, source.pattern);
    const first = part * source.perPart;
    const count = Math.min(source.perPart, pattern.length - first);
    return Array.from({ length: count }, (_, i) => pattern.at(first + i));
  }
  const { from, to, sha256: expected } = source.ranges[part];
  const path = join(folder, source.list);
  const bytes = await readRange(fn, path, from, to);
  if (sha256Of(bytes) !== expected)
    throw new FeatureError(fn, "the list of the plan must not change after planning", path);
  return new TextDecoder()
    .decode(bytes)
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as string);
}

async function readRange(fn: string, path: string, from: number, to: number): Promise<Uint8Array> {
  const file = await open(path, "r").catch((error: SystemError) => {
    throw new FeatureError(fn, `the list of the plan must lie beside it (${error.code})`, path);
  });
  try {
    const bytes = new Uint8Array(to - from);
    let at = 0;
    for (let read = 1; at < bytes.length && read > 0; at += read)
      read = (await file.read(bytes, at, bytes.length - at, from + at)).bytesRead;
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}
