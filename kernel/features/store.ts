import type { SafetensorsTensor } from "../safetensors/tensor";
import { writeSafetensors } from "../safetensors/safetensors";
import { FileError, fileError } from "../platform/file-error";
import { mkdir, open, readdir, readFile, replaceFile, rm, stat, truncate, writeFile } from "../platform/files";
import { join } from "../platform/path";
import { FeatureError } from "./error";
import { lockFolder } from "../platform/folder-lock";
import { type DamagedFile, findDamage, type ManifestLine, sumOf } from "./intact";
import type { ExtractionRun } from "./run-identity";
import { parseJson } from "../rules/json-text";

/** Committed extent of a folder. It is written last, by a move; everything beyond it is removed after a killed run. */
interface Committed {
  /** Committed bytes of the manifest. */
  manifest: number;
  images: number;
  shards: number;
}

/** File of encoder, options and committed extent. */
export const RUN = "run.json";
/** File with one line per image. */
export const MANIFEST = "manifest.jsonl";

/** Folder of features: opened by one process at a time, extended by whole shards. */
export class FeatureStore {
  /** Last line of each path. */
  readonly lines = new Map<string, ManifestLine>();
  /** Line with features, by content. */
  readonly bySha = new Map<string, ManifestLine>();
  /** Files of features that were no longer whole when the folder was opened; their lines do not count. */
  damaged: DamagedFile[] = [];
  private committed: Committed = { manifest: 0, images: 0, shards: 0 };

  private constructor(
    private readonly fn: string,
    readonly folder: string,
    private readonly run: ExtractionRun,
    private readonly unlock: () => Promise<void>,
  ) {}

  /**
   * Opens or makes a folder.
   *
   * @throws FeatureError when it holds features of another encoder or other options, when another process writes to it,
   *   or when it cannot be written
   */
  static async open(fn: string, folder: string, run: ExtractionRun, signal?: AbortSignal): Promise<FeatureStore> {
    return reportDisk(fn, folder, async () => {
      await mkdir(folder, { recursive: true });
      const store = new FeatureStore(fn, folder, run, await lockFolder(folder, (who) => busy(fn, folder, who)));
      await store.recover(signal).catch(async (error: unknown) => {
        await store.close();
        throw error;
      });
      return store;
    });
  }

  /** Name of the shard that `commit` writes next. */
  get nextShard(): string {
    return `features-${String(this.committed.shards).padStart(5, "0")}.safetensors`;
  }

  /** Writes a shard, then its lines with the shard's checksum, then the new extent. */
  async commit(tensors: ReadonlyMap<string, SafetensorsTensor>, lines: readonly ManifestLine[]): Promise<void> {
    await reportDisk(this.fn, this.folder, async () => {
      if (tensors.size) await this.writeShard(tensors, lines);
      const { manifest, images, shards } = this.committed;
      const text = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      await append(join(this.folder, MANIFEST), manifest, text);
      await this.settle({
        manifest: manifest + text.length,
        images: images + lines.length,
        shards: shards + (tensors.size ? 1 : 0),
      });
    });
    for (const line of lines) this.remember(line);
  }

  private async writeShard(
    tensors: ReadonlyMap<string, SafetensorsTensor>,
    lines: readonly ManifestLine[],
  ): Promise<void> {
    const path = join(this.folder, this.nextShard);
    await writeSafetensors(path, tensors, { format: "pt", run: this.run.hash });
    const file = await sumOf(path);
    for (const line of lines) if (line.shard === this.nextShard) line.file = file;
  }

  close(): Promise<void> {
    return this.unlock();
  }

  private async settle(committed: Committed): Promise<void> {
    const text = `${JSON.stringify({ ...this.run, committed }, null, 2)}\n`;
    await replaceFile(join(this.folder, RUN), (beside) => writeFile(beside, text, { flush: true }));
    this.committed = committed;
  }

  /** Reads the committed part, removes the rest, and forgets what damaged files held. */
  private async recover(signal?: AbortSignal): Promise<void> {
    const names = await readdir(this.folder);
    for (const name of names)
      if (/^(run\.json|features-\d+\.safetensors)\..*\.part$/.test(name)) await rm(join(this.folder, name));
    if (!names.includes(RUN)) return this.begin(names);
    this.committed = this.checkRun(await readFile(join(this.folder, RUN), "utf8"));
    const manifest = await readFile(join(this.folder, MANIFEST)).catch(() => new Uint8Array(0));
    const lines = parseManifest(this.fn, manifest, this.committed.manifest);
    await truncate(join(this.folder, MANIFEST), this.committed.manifest);
    for (const line of lines) this.lines.set(line.path, line);
    this.damaged = await findDamage(this.folder, this.lines.values(), signal);
    for (const { paths } of this.damaged) for (const path of paths) this.lines.delete(path);
    for (const line of this.lines.values()) this.remember(line);
  }

  /** Begins a run. An empty manifest without a run is the trace of a call killed at this point. */
  private async begin(names: readonly string[]): Promise<void> {
    const path = join(this.folder, MANIFEST);
    const size = names.includes(MANIFEST) ? (await stat(path)).size : 0;
    if (size || names.some((name) => name.startsWith("features-")))
      throw new FeatureError(this.fn, `out must be empty or hold ${RUN}`, this.folder);
    await writeFile(path, "");
    await this.settle(this.committed);
  }

  private remember(line: ManifestLine): void {
    this.lines.set(line.path, line);
    if (line.status === "ok" && line.sha256 !== null && !this.bySha.has(line.sha256)) this.bySha.set(line.sha256, line);
  }

  private checkRun(text: string): Committed {
    const { committed, ...run } = parseRun(this.fn, text);
    if (run.hash === this.run.hash) return committed;
    const differ = (["encoder", "layers", "facet", "norm", "dtype", "pool"] as const).filter(
      (key) => JSON.stringify(run[key]) !== JSON.stringify(this.run[key]),
    );
    throw new FeatureError(this.fn, `out must be empty or hold a run of the same ${differ.join(", ")}`, this.folder);
  }
}

/** Parses the committed lines, those in the first `length` bytes. */
export function parseManifest(fn: string, bytes: Uint8Array, length: number): ManifestLine[] {
  if (bytes.length < length) throw new FeatureError(fn, `${MANIFEST} must have ${length} bytes`, bytes.length);
  const lines = new TextDecoder().decode(bytes.subarray(0, length)).split("\n").slice(0, -1);
  return lines.map((text, i) => {
    const line = parseLine(text);
    if (!line) throw new FeatureError(fn, `line ${i + 1} of ${MANIFEST} must describe an image`, text.slice(0, 100));
    return line;
  });
}

function parseLine(text: string): ManifestLine | null {
  try {
    const line = parseJson(text) as ManifestLine | null;
    const isLine = typeof line?.path === "string" && typeof line.tensors === "object" && line.tensors !== null;
    return isLine ? line : null;
  } catch {
    return null;
  }
}

/** Reads the text of `run.json`. Throws `FeatureError` for one of another version. */
export function parseRun(fn: string, text: string): ExtractionRun & { committed: Committed } {
  try {
    const run = parseJson(text) as ExtractionRun & { committed: Committed };
    const counts = [run.committed.manifest, run.committed.images, run.committed.shards];
    if (run.version === 1 && Array.isArray(run.layers) && counts.every(Number.isSafeInteger)) return run;
  } catch {
    // Reported below, as a run of another version.
  }
  throw new FeatureError(fn, `${RUN} must describe a run of version 1`, text.slice(0, 100));
}

async function append(path: string, at: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(at);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reports a full or read-only disk by name; earlier commits stay valid. */
async function reportDisk<T>(fn: string, folder: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const failure = fileError(fn, error, folder);
    if (!(failure instanceof FileError)) throw error;
    const rule = failure.isFull
      ? `out must have room for more features (${failure.code}); free some and run again to go on`
      : `out must be a folder that can be written (${failure.code})`;
    throw new FeatureError(fn, rule, folder);
  }
}

const busy = (fn: string, folder: string, who: string): FeatureError =>
  new FeatureError(fn, `out must be written by one process at a time, it is by ${who}`, folder);
