import { sha256Of } from "../platform";
import { readdir, readFile, stat } from "../platform/files";
import { dirname, join, resolve } from "../platform/path";
import { ImageError, readPicture } from "../data/image";
import { checkArguments } from "../rules/arguments";
import { FeatureError } from "./error";

/** One picture to extract. */
export interface ImageFile {
  /** Path in the manifest: relative to the folder, or as listed. */
  path: string;
  /** Path on disk. */
  file: string;
}

/** Part of the images for a process: `"0/4"` to `"3/4"`, or `"1/4"` to `"4/4"`; both number four parts. */
export type ShardOption = `${number}/${number}`;

const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|avif|svg|bmp|p[bgp]m|jfif)$/i;

/** Tests for the name of a picture's file. */
export const isPictureName = (path: string): boolean => PICTURE.test(path);

/**
 * The pictures of a folder (with its sub-folders, by path), of a text file with a path a line, or of a list of paths. Each
 * path once.
 *
 * @throws FeatureError when there is no such folder or file
 */
export async function listImages(fn: string, images: string | readonly string[]): Promise<ImageFile[]> {
  if (!Array.isArray(images) && typeof images !== "string")
    throw new FeatureError(fn, "images must be a folder or a list of paths", images);
  if (typeof images !== "string") {
    checkArguments(fn, FeatureError, { images }, { images: ["string"] });
    return unique(images.map((path) => ({ path, file: resolve(path) })));
  }
  const found = await stat(images).catch(() => null);
  if (!found) throw new FeatureError(fn, "images must be a folder or a list of paths", images);
  if (!found.isDirectory()) return fromList(images);
  // A folder of SPair-71k's layout has masks beside its pictures.
  const inside = await stat(join(images, "JPEGImages")).catch(() => null);
  return walk(images, inside?.isDirectory() ? "JPEGImages/" : "");
}

async function walk(folder: string, below: string): Promise<ImageFile[]> {
  const entries = await readdir(folder, { recursive: true });
  const paths = entries
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.startsWith(below) && isPictureName(path));
  // Sorted by code units, not by the machine's language, because the order decides the content of files.
  return paths.sort((a, b) => (a < b ? -1 : 1)).map((path) => ({ path, file: join(folder, path) }));
}

async function fromList(list: string): Promise<ImageFile[]> {
  const lines = (await readFile(list, "utf8")).split("\n").map((line) => line.trim());
  return unique(lines.filter((line) => line !== "").map((path) => ({ path, file: resolve(dirname(list), path) })));
}

function unique(images: ImageFile[]): ImageFile[] {
  return [...new Map(images.map((image) => [image.path, image])).values()];
}

/** Every n-th image. Throws `FeatureError` for a text that is no part of a whole. */
export function shardOf<T>(fn: string, images: readonly T[], shard: string | undefined): T[] {
  if (shard === undefined) return [...images];
  const [, i, n] = (/^(\d+)\/(\d+)$/.exec(shard) ?? []).map(Number);
  if (!(n >= 1 && i <= n)) throw new FeatureError(fn, "shard must be i/n with i of 0..n-1 or 1..n", shard);
  return images.filter((_, k) => k % n === i % n);
}

/** Reads the picture's bytes and their SHA-256; null where the file cannot be read. */
export async function readImage({
  file,
}: ImageFile): Promise<{ input: Uint8Array; sha256: string } | { reason: string }> {
  try {
    const input = await readPicture("features.extract", file);
    return { input, sha256: sha256Of(input) };
  } catch (error) {
    if (error instanceof ImageError) return { reason: error.rule };
    throw error;
  }
}
