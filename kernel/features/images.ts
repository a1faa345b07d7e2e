import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { EncoderError } from "../encoders/errors";

/** One picture to extract. */
export interface ImageFile {
  /** Path in the manifest: relative to the folder, or as listed. */
  path: string;
  /** Path on disk. */
  file: string;
}

/** Part of the images for a process: `"0/4"` to `"3/4"`, or `"1/4"` to `"4/4"`; both number four parts. */
export type ShardOption = `${number}/${number}`;

const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|avif|svg|bmp|jfif)$/i;

/**
 * Lists the pictures of a folder (with its sub-folders, by path), of a text file with one path per line, or of a list
 * of paths, each path once.
 *
 * @throws EncoderError when the folder or file does not exist
 */
export async function listImages(fn: string, images: string | readonly string[]): Promise<ImageFile[]> {
  if (typeof images !== "string") return unique(images.map((path) => ({ path, file: resolve(path) })));
  const found = await stat(images).catch(() => null);
  if (!found) throw new EncoderError(fn, "images must be a folder or a list of paths", images);
  return found.isDirectory() ? walk(images) : fromList(images);
}

async function walk(folder: string): Promise<ImageFile[]> {
  const entries = await readdir(folder, { recursive: true });
  const paths = entries.map((path) => path.replaceAll("\\", "/")).filter((path) => PICTURE.test(path));
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

/**
 * Returns every n-th image.
 *
 * @throws EncoderError for a text that is no part of a whole
 */
export function shardOf(fn: string, images: readonly ImageFile[], shard: string | undefined): ImageFile[] {
  if (shard === undefined) return [...images];
  const [, i, n] = (/^(\d+)\/(\d+)$/.exec(shard) ?? []).map(Number);
  if (!(n >= 1 && i <= n)) throw new EncoderError(fn, "shard must be i/n with i of 0..n-1 or 1..n", shard);
  return images.filter((_, k) => k % n === i % n);
}

/** Reads the picture's bytes and their SHA-256; null where the file cannot be read. */
export async function readImage({ file }: ImageFile): Promise<{ bytes: Buffer; sha256: string } | { reason: string }> {
  try {
    const bytes = await readFile(file);
    return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (error) {
    return { reason: `the picture file cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}
