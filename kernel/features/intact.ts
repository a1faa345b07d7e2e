/** Sizes and checksums of files of features: written into the manifest, compared before a run goes on. */
import { sha256 } from "../platform";
import { chunks, stat } from "../platform/files";
import { join } from "../platform/path";
import { readSafetensorsHeader } from "../safetensors/safetensors";
import type { StoredTensor } from "./tensors";

/** Line of `manifest.jsonl`. The last of several lines of one path counts, because the file had changed. */
export interface ManifestLine {
  path: string;
  /** SHA-256 of the file's content; null where it could not be read. */
  sha256: string | null;
  status: "ok" | "skipped";
  /** Reason of skipping the image. */
  reason?: string;
  /** Size `[width, height]` of the upright picture. */
  size?: [number, number];
  /** File with the tensors; null for a skipped image. */
  shard: string | null;
  /** Size and checksum of that file; absent for a skipped image, and where an earlier release wrote it. */
  file?: FileSum;
  /** Note that the source of the picture gave beside its pixels. */
  note?: unknown;
  /** Tensors by layer. */
  tensors: Record<string, StoredTensor>;
}

/** Size and checksum of a file of features. */
export interface FileSum {
  /** Size in bytes. */
  bytes: number;
  /** SHA-256 of all bytes, in hexadecimal. */
  sha256: string;
}

/** File of features that is no longer as it was written. */
export interface DamagedFile {
  /** Name in the folder. */
  file: string;
  /** Damage in words: missing, another size, other bytes. */
  reason: string;
  /** Images whose features it held, by their paths in the manifest. */
  paths: string[];
}

/** Tests for the name of a file of features, which cannot lead out of its folder. */
export const isShard = (name: unknown): name is string =>
  typeof name === "string" && /^features-\d+\.safetensors$/.test(name);

/** Returns size and checksum of a file. */
export async function sumOf(path: string): Promise<FileSum> {
  const hash = sha256();
  let bytes = 0;
  for await (const chunk of chunks(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Compares every file that the lines name with its size and checksum there, and returns those that differ. */
export async function findDamage(
  folder: string,
  lines: Iterable<ManifestLine>,
  signal?: AbortSignal,
): Promise<DamagedFile[]> {
  const files = new Map<string, ManifestLine[]>();
  for (const line of lines) {
    if (line.status !== "ok") continue;
    const file = String(line.shard);
    files.set(file, files.get(file) ?? []);
    files.get(file)?.push(line);
  }
  const damaged: DamagedFile[] = [];
  for (const [file, held] of files) {
    signal?.throwIfAborted();
    const reason = await damageOf(folder, file, held);
    if (reason !== null) damaged.push({ file, reason, paths: held.map(({ path }) => path) });
  }
  return damaged;
}

async function damageOf(folder: string, file: string, held: readonly ManifestLine[]): Promise<string | null> {
  if (!isShard(file)) return "is no file of features";
  const path = join(folder, file);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return "is missing";
  const sums = held.flatMap((line) => line.file ?? []);
  const size = sums.find(({ bytes }) => bytes !== found.size);
  if (size) return `has ${found.size} of ${size.bytes} bytes`;
  if (sums.length < held.length) return headerDamage(path);
  const now = (await sumOf(path)).sha256;
  return sums.every((sum) => sum.sha256 === now) ? null : "holds other bytes than were written";
}

/** Damage of a file without a checksum, as earlier releases wrote it: its header tells its size. */
async function headerDamage(path: string): Promise<string | null> {
  return readSafetensorsHeader(path).then(
    () => null,
    () => "is no whole safetensors file",
  );
}
