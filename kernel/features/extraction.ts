/** The work between pictures and files: read and prepared ahead of the model, committed file by file. */
import type { FeatureMap } from "../encoders/feature-map";
import type { Encoder } from "../encoders/encoder";
import type { PreparedImage } from "../encoders/preprocess/preprocess";
import { append } from "../numeric";
import { platform } from "../platform";
import type { SafetensorsTensor } from "../safetensors/tensor";
import type { ExtractionOptions } from "./levels";
import { ahead, inFiles } from "./pipeline";
import { type Candidate, prepareBatch, readBatch } from "./prepare";
import type { ExtractedLayer, FeatureDtype, Pool } from "./run-identity";
import type { ImageItem } from "./sources";
import { storeTensors } from "./tensors";
import type { ManifestLine } from "./intact";

/** Progress of an extraction. */
export interface ExtractProgress {
  /** Number of finished images, including earlier ones. */
  done: number;
  /** Number of images; in a part of a plan, of those known so far. */
  total: number;
  skipped: number;
  /** Number of images with features before this call. */
  reused: number;
}

/** Takes the features of some images, whole or not at all. */
export interface FeatureSink {
  /** Name of the file that `commit` writes next. */
  readonly nextShard: string;
  /** Earlier lines with features, by content. */
  readonly bySha: ReadonlyMap<string, ManifestLine>;
  commit(tensors: ReadonlyMap<string, SafetensorsTensor>, lines: readonly ManifestLine[]): Promise<void>;
}

/** Numbers as they are handed to the sink. */
export interface FeatureForm {
  dtype: FeatureDtype;
  pool: Pool;
}

const FILE_BYTES = 64 * 2 ** 20;
const MOST_IMAGES = 64;
/** Batches needed to compensate the loading of a second copy. */
const WORTH_COPIES = 8;
/** Parameters of the largest model that gets a second copy: 600 MB in single precision. */
const SMALL_MODEL = 150e6;
/**
 * Cache used per run, measured with ViT-B on a processor with 16 MB of cache per core: four images at a time take 3 %
 * less than eight.
 */
const CACHE_BYTES = 10 * 2 ** 20;
/** Bytes of a stored number. */
export const BYTES = { f32: 4, f16: 2, int8: 1 } as const;

/** Returns the copies of a model that are worth loading for so many batches. */
export function defaultCopies({ info }: Encoder, batches: number): number {
  const isWorth = batches >= WORTH_COPIES && info.parameters <= SMALL_MODEL;
  return isWorth && info.device === "cpu" && platform().cores() > 1 ? 2 : 1;
}

/** Runs `body` with copies of the encoder, or with the encoder where one suffices. */
export async function withCopies<T>(
  encoder: Encoder,
  count: number,
  body: (copies: Encoder[]) => Promise<T>,
): Promise<T> {
  if (count < 2) return body([encoder]);
  const copies = encoder.sideBySide(count);
  try {
    return await body(copies);
  } finally {
    await Promise.all(copies.map((copy) => copy.dispose()));
  }
}

/**
 * Returns the number of images whose hidden layers, four times as wide as the stream, fill `CACHE_BYTES`; on other
 * devices all of them.
 */
function roomFor(encoder: Encoder): number {
  if (encoder.device !== "cpu") return Infinity;
  const [rows, columns] = encoder.gridOf(0);
  const tokens = rows * columns + encoder.info.prefixTokens;
  return Math.max(1, Math.floor(CACHE_BYTES / (4 * 4 * tokens * encoder.featureInfo[0].channels)));
}

/** Returns the number of images that fill a file of 64 MB, at most 64. */
export function imagesPerFile(layers: readonly ExtractedLayer[], dtype: FeatureDtype): number {
  const values = layers.reduce((sum, { grid, channels }) => sum + grid[0] * grid[1] * channels, 0);
  return Math.min(MOST_IMAGES, Math.max(1, Math.floor(FILE_BYTES / (values * BYTES[dtype]))));
}

/** Computed batch; `maps` hold its `fresh` pictures. */
interface Computed {
  batch: readonly Candidate[];
  fresh: PreparedImage[];
  maps: FeatureMap[];
}

/** Work of one call: batches are prepared ahead of the model, and files are written whole. */
export class Extraction {
  readonly progress: ExtractProgress;
  private readonly bad = new Map<string, string>();

  /** Milliseconds in which no batch was in the model, decoding and writing among them. */
  waited = 0;
  private inModel = 0;
  private idleSince = performance.now();

  constructor(
    private readonly fn: string,
    private readonly encoder: Encoder,
    private readonly options: ExtractionOptions,
    private readonly sink: FeatureSink,
    private readonly form: FeatureForm,
    total: number,
    private readonly onProgress: (progress: ExtractProgress) => void,
  ) {
    this.progress = { done: 0, total, skipped: 0, reused: 0 };
  }

  /** Extracts images as they come, `perFile` at a time into one file. */
  async run(
    images: Iterable<ImageItem> | AsyncIterable<ImageItem>,
    perFile: number,
    encoders: readonly Encoder[],
  ): Promise<void> {
    const { batchSize, signal } = this.options;
    const seen = new Set(this.sink.bySha.keys());
    const { preprocess } = this.encoder.info;
    const read = ahead(inFiles(images, perFile, batchSize), 0, readBatch);
    const prepared = ahead(read, 1, (batch) => prepareBatch(this.fn, batch, preprocess, seen));
    // One batch waits per copy of the model, because copies differ in speed and results are taken in order.
    const depth = 2 * encoders.length;
    const computed = ahead(prepared, depth, (batch, i) => this.forward(batch, encoders[i % encoders.length]));
    let tensors = new Map<string, SafetensorsTensor>();
    let lines: ManifestLine[] = [];
    for await (const batch of computed) {
      signal?.throwIfAborted();
      append(lines, this.linesOf(batch, tensors, lines));
      this.onProgress({ ...this.progress });
      if (lines.length < perFile) continue;
      await this.sink.commit(tensors, lines);
      tensors = new Map();
      lines = [];
    }
    if (lines.length) await this.sink.commit(tensors, lines);
    this.enter();
  }

  /** Counts the time since a batch was last in the model. */
  private enter(): void {
    if (this.inModel++ === 0) this.waited += performance.now() - this.idleSince;
  }

  private leave(): void {
    if (--this.inModel === 0) this.idleSince = performance.now();
  }

  private async forward(batch: readonly Candidate[], encoder: Encoder): Promise<Computed> {
    const { facet, norm, layers, returnEmbeddings } = this.options;
    const batchSize = Math.min(this.options.batchSize, roomFor(encoder));
    const fresh = batch.flatMap(({ prepared }) => prepared ?? []);
    if (!fresh.length) return { batch, fresh, maps: [] };
    const wanted = { indices: layers, facet, norm, batchSize, returnEmbeddings, stopEarly: true } as const;
    this.enter();
    const { embeddings, intermediates } = await encoder
      .forwardIntermediates(fresh, {
        ...wanted,
        returnPrefixTokens: this.form.pool === "cls",
        intermediatesOnly: true,
        outputFmt: "NLC",
      })
      .finally(() => this.leave());
    const found = [...(embeddings ? [embeddings] : []), ...intermediates];
    const maps = found.filter(({ layer }) => this.options.stored.includes(layer));
    return { batch, fresh, maps };
  }

  /** Returns the manifest lines of a batch's images. */
  private linesOf(
    { batch, fresh, maps }: Computed,
    tensors: Map<string, SafetensorsTensor>,
    before: readonly ManifestLine[],
  ): ManifestLine[] {
    const lines: ManifestLine[] = [];
    for (const candidate of batch) {
      const { prepared, sha256, note } = candidate;
      if (!prepared || sha256 === null) {
        lines.push(this.withoutForward(candidate, [...before, ...lines]));
        continue;
      }
      const stored = storeTensors(maps, fresh.indexOf(prepared), sha256, this.form.dtype, tensors, this.form.pool);
      const [width, height] = prepared.geometry.imageSize;
      const ok = { status: "ok", size: [width, height] as [number, number], shard: this.sink.nextShard } as const;
      lines.push({ path: candidate.image.path, sha256, ...ok, note, tensors: stored });
    }
    this.progress.done += lines.length;
    this.progress.skipped += lines.filter((line) => line.status === "skipped").length;
    return lines;
  }

  /** Returns the line of a bad picture, or of one seen before. */
  private withoutForward({ image, sha256, reason, note }: Candidate, before: readonly ManifestLine[]): ManifestLine {
    const { path } = image;
    if (reason !== null && sha256 !== null) this.bad.set(sha256, reason);
    const same =
      sha256 === null
        ? undefined
        : (this.sink.bySha.get(sha256) ?? before.find((line) => line.sha256 === sha256 && line.status === "ok"));
    if (same && reason === null) return { ...same, path, note };
    const why = reason ?? this.bad.get(sha256 ?? "") ?? "the picture cannot be read";
    return { path, sha256, status: "skipped", reason: why, shard: null, tensors: {} };
  }
}
