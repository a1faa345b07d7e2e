import { append } from "../numeric";
import { platform } from "../platform";
import type { DeviceRequest } from "../backend";
import type { SafetensorsTensor } from "../safetensors/tensor";
import type { Encoder } from "../encoders/encoder";
import { ProgressBar } from "../progress";
import { FeatureError } from "./error";
import type { DamagedFile } from "./intact";
import type { FeatureMap } from "../encoders/feature-map";
import { load, type LoadOptions } from "../encoders/load";
import type { Facet, ForwardOptions } from "../encoders/options";
import type { Precision } from "../encoders/precision";
import type { PreparedImage } from "../encoders/preprocess/preprocess";
import { shardOf, type ShardOption } from "./images";
import { checkLevels, type ExtractionOptions, type FeatureLevel, layersOf } from "./levels";
import { ahead, split } from "./pipeline";
import { type Candidate, prepareBatch, readBatch } from "./prepare";
import { describeRun, type ExtractedLayer, type FeatureDtype } from "./run-identity";
import { type ImageItem, type ImageSource, itemsOf } from "./sources";
import { FeatureStore, type ManifestLine } from "./store";
import { storeTensors } from "./tensors";
import { checkOptionNames, type OptionNames } from "../option-names";

/** Progress of an extraction. */
export interface ExtractProgress {
  /** Number of finished images, including earlier ones. */
  done: number;
  total: number;
  skipped: number;
  /** Number of images with features before this call. */
  reused: number;
}

/** Source, target and settings of an extraction. */
export interface ExtractOptions {
  /** Loaded encoder, which stays loaded, or the source for `encoders.load`. */
  encoder: Encoder | string;
  /** A folder, a text file with a path a line (relative to it), paths, or pictures from any other source. */
  images: ImageSource;
  /** Blocks, as `indices` of `forwardIntermediates`; `"stem"` in a list is the input of the first one. Default: the last one. */
  indices?: ForwardOptions["indices"] | readonly FeatureLevel[];
  /** Folder for the features; a folder with part of the same run is continued. */
  out: string;
  /** Side of the square of neighboring tokens whose mean is stored; default 1, each token. */
  pool?: number;
  /** Type of the stored numbers. Default `f32`. */
  dtype?: FeatureDtype;
  /** Part of the images for this call, `i/n`. Parts that run at the same time need separate folders. Default: all. */
  shard?: ShardOption;
  /** Device of an encoder loaded here. Default `auto`. */
  device?: DeviceRequest;
  /** Precision of an encoder loaded here. Default `fp32`. */
  precision?: Precision;
  /**
   * Path of the `.onnx` file in the repository, for an encoder of the hub loaded here. Default: as in `encoders.load`.
   */
  file?: string;
  /** Preparation of pictures by an encoder loaded here, as in `encoders.load`. Default: the model's own. */
  preprocess?: LoadOptions["preprocess"];
  /** Size of the input of an encoder loaded here, as in `encoders.load`. Default: the model's own. */
  inputSize?: LoadOptions["inputSize"];
  /**
   * Images prepared and run together. On the processor a large model takes as many at a time as its cache holds.
   * Default 16.
   */
  batchSize?: number;
  /**
   * Copies of the model that work on batches in parallel on the processor, which keeps its cores busier than one copy
   * on all of them. Default 2 for models up to 600 MB, two cores and at least eight batches, else 1.
   */
  copies?: number;
  /** Images per file, all of which are in memory. Default: as many as fill 64 MB, at most 64. */
  imagesPerFile?: number;
  /** Apply the final norm to each layer. Default false. */
  norm?: boolean;
  /** Facet of the blocks. Default `token`. */
  facet?: Facet;
  /** Called after each batch. Default: not called. */
  onProgress?: (progress: ExtractProgress) => void;
  /** Show a progress bar in a notebook. Default `true`. */
  progress?: boolean;
  /** Stops between two batches; complete files stay, and the next call continues after them. Default: none. */
  signal?: AbortSignal;
}

/** Result of an extraction. */
export interface ExtractResult extends Omit<ExtractProgress, "done" | "total"> {
  out: string;
  /** Hash of encoder and options, equal for equal runs. */
  hash: string;
  precision: Precision;
  images: number;
  /** Number of images with features, new or earlier. */
  ok: number;
  /** The first 20 images without features, and why. */
  unread: { path: string; reason: string }[];
  /** Number of images computed again, because the file of their earlier features was damaged. */
  redone: number;
  /** Files of earlier features that were missing, truncated or altered. */
  damaged: DamagedFile[];
}

/** Images that a result names; the manifest has a line for each. */
const MOST_NAMED = 20;
const EXTRACT = "features.extract";
const NAMES: OptionNames<ExtractOptions> = {
  encoder: true,
  images: true,
  indices: true,
  out: true,
  pool: true,
  dtype: true,
  shard: true,
  device: true,
  precision: true,
  file: true,
  preprocess: true,
  inputSize: true,
  batchSize: true,
  copies: true,
  imagesPerFile: true,
  norm: true,
  facet: true,
  onProgress: true,
  progress: true,
  signal: true,
};
const FILE_BYTES = 64 * 2 ** 20;
const MOST_IMAGES = 64;
const MOST_COPIES = 16;
/** Batches needed to compensate the loading of a second copy. */
const WORTH_COPIES = 8;
/** Parameters of the largest model that gets a second copy: 600 MB in single precision. */
const SMALL_MODEL = 150e6;
/**
 * Cache used per run, measured with ViT-B on a processor with 16 MB of cache per core: four images at a time take 3 %
 * less than eight.
 */
const CACHE_BYTES = 10 * 2 ** 20;
const BYTES = { f32: 4, f16: 2, int8: 1 } as const;

/**
 * Writes the features of many images to disk: `features-00000.safetensors`, … with a tensor `[N, C]` a layer and image,
 * `manifest.jsonl` with a line an image, `run.json` with encoder and options. It may be killed at any moment and called
 * again: whole files count, and the result is the same byte for byte. Files of an earlier call are compared with their sizes
 * and checksums in the manifest; pictures whose features were in a damaged one are computed again, into a new file. Pictures
 * that cannot be read are listed and skipped; those of equal content are computed once.
 *
 * @throws FeatureError for illegal options, an `out` of another run or in use, a disk that is full or cannot be written
 */
export async function extract(options: ExtractOptions): Promise<ExtractResult> {
  checkOptionNames(EXTRACT, options, NAMES, FeatureError);
  checkExtract(options);
  const images = shardOf(EXTRACT, await itemsOf(EXTRACT, options.images), options.shard);
  const { encoder: source, device, precision, file, preprocess, inputSize, signal } = options;
  if (typeof source !== "string") return extractWith(source, images, options);
  const encoder = await load(source, { device, precision, file, preprocess, inputSize, signal });
  try {
    return await extractWith(encoder, images, options);
  } finally {
    await encoder.dispose();
  }
}

function checkExtract({
  encoder,
  precision,
  preprocess,
  inputSize,
  out,
  dtype = "f32",
  imagesPerFile = 1,
  copies = 1,
  pool = 1,
}: ExtractOptions): void {
  if (typeof out !== "string" || out === "") throw new FeatureError(EXTRACT, "out must be a folder", out);
  if (typeof encoder !== "string" && precision !== undefined && precision !== encoder.info.precision)
    throw new FeatureError(
      EXTRACT,
      `precision must be that of the loaded encoder, ${encoder.info.precision}`,
      precision,
    );
  for (const [name, value] of Object.entries({ preprocess, inputSize }))
    if (typeof encoder !== "string" && value !== undefined)
      throw new FeatureError(EXTRACT, `${name} must be given where the encoder is loaded`, value);
  if (!Object.hasOwn(BYTES, dtype))
    throw new FeatureError(EXTRACT, `dtype must be ${Object.keys(BYTES).join(", ")}`, dtype);
  if (!Number.isInteger(pool) || pool < 1)
    throw new FeatureError(EXTRACT, "pool must be a whole number of at least 1", pool);
  if (!Number.isInteger(imagesPerFile) || imagesPerFile < 1)
    throw new FeatureError(EXTRACT, "imagesPerFile must be a whole number of at least 1", imagesPerFile);
  if (!Number.isInteger(copies) || copies < 1 || copies > MOST_COPIES)
    throw new FeatureError(EXTRACT, `copies must be a whole number of 1..${MOST_COPIES}`, copies);
}

async function extractWith(encoder: Encoder, images: ImageItem[], options: ExtractOptions): Promise<ExtractResult> {
  const { indices = [-1], signal, dtype = "f32", out, pool = 1 } = options;
  const checked = checkLevels(EXTRACT, encoder, { ...options, indices });
  if (checked.norm && !encoder.info.hasFinalNorm)
    throw new FeatureError(EXTRACT, `${encoder.name} has no final norm, norm must be false`, true);
  const layers = layersOf(EXTRACT, encoder, checked.stored, pool);
  const run = await describeRun(EXTRACT, encoder, layers, { facet: checked.facet, norm: checked.norm, dtype, pool });
  const store = await FeatureStore.open(EXTRACT, out, run, signal);
  try {
    const todo = await missing(images, store);
    const job = new Extraction(
      encoder,
      checked,
      store,
      { dtype, pool },
      images.length,
      reportTo(options, todo.length, images.length),
    );
    const batches = Math.ceil(todo.length / checked.batchSize);
    await withCopies(encoder, options.copies ?? defaultCopies(encoder, batches), (copies) =>
      job.run(todo, options.imagesPerFile ?? imagesPerFile(layers, dtype), copies),
    );
    const lines = images.map(({ path }) => store.lines.get(path));
    const ok = lines.filter((line) => line?.status === "ok").length;
    const { reused } = job.progress;
    const unread = lines.flatMap((line) =>
      line?.status === "skipped" ? [{ path: line.path, reason: line.reason ?? "" }] : [],
    );
    const { precision } = encoder.info;
    const { damaged } = store;
    const redone = countIn(todo, damaged);
    return {
      out,
      hash: run.hash,
      precision,
      images: images.length,
      ok,
      skipped: unread.length,
      unread: unread.slice(0, MOST_NAMED),
      reused,
      redone,
      damaged,
    };
  } finally {
    await store.close();
  }
}

function countIn(images: readonly ImageItem[], damaged: readonly DamagedFile[]): number {
  const paths = new Set(damaged.flatMap((one) => one.paths));
  return images.filter(({ path }) => paths.has(path)).length;
}

function reportTo(
  { progress = true, onProgress }: ExtractOptions,
  todo: number,
  total: number,
): (progress: ExtractProgress) => void {
  const bar = progress ? new ProgressBar("Extracting", "images") : null;
  bar?.show(total - todo, total, total - todo);
  return (now) => {
    bar?.show(now.done, now.total, now.reused);
    onProgress?.(now);
  };
}

function defaultCopies({ info }: Encoder, batches: number): number {
  const isWorth = batches >= WORTH_COPIES && info.parameters <= SMALL_MODEL;
  return isWorth && info.device === "cpu" && platform().cores() > 1 ? 2 : 1;
}

/** Runs `body` with copies of the encoder, or with the encoder where one suffices. */
async function withCopies(encoder: Encoder, count: number, body: (copies: Encoder[]) => Promise<void>): Promise<void> {
  if (count < 2) return body([encoder]);
  const copies = encoder.sideBySide(count);
  try {
    await body(copies);
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

function imagesPerFile(layers: readonly ExtractedLayer[], dtype: FeatureDtype): number {
  const values = layers.reduce((sum, { grid, channels }) => sum + grid[0] * grid[1] * channels, 0);
  return Math.min(MOST_IMAGES, Math.max(1, Math.floor(FILE_BYTES / (values * BYTES[dtype]))));
}

const READERS = 8;

/** Returns the images without a line for their present content. */
async function missing(images: readonly ImageItem[], store: FeatureStore): Promise<ImageItem[]> {
  const found: ImageItem[] = [];
  for (let start = 0; start < images.length; start += READERS) {
    const some = images.slice(start, start + READERS);
    const isKnown = await Promise.all(some.map((image) => hasLine(image, store)));
    append(
      found,
      some.filter((_, i) => !isKnown[i]),
    );
  }
  return found;
}

async function hasLine(image: ImageItem, store: FeatureStore): Promise<boolean> {
  const line = store.lines.get(image.path);
  if (!line) return false;
  if (image.sha256 !== undefined) return line.sha256 === image.sha256;
  const read = await image.read();
  return line.sha256 === ("sha256" in read ? read.sha256 : null);
}

/** Computed batch; `maps` hold its `fresh` pictures. */
interface Computed {
  batch: readonly Candidate[];
  fresh: PreparedImage[];
  maps: FeatureMap[];
}

/** Work of one call: batches are prepared ahead of the model, and files are written whole. */
class Extraction {
  readonly progress: ExtractProgress;
  private readonly bad = new Map<string, string>();

  constructor(
    private readonly encoder: Encoder,
    private readonly options: ExtractionOptions,
    private readonly store: FeatureStore,
    private readonly form: { dtype: FeatureDtype; pool: number },
    total: number,
    private readonly onProgress: (progress: ExtractProgress) => void,
  ) {
    this.progress = { done: 0, total, skipped: 0, reused: 0 };
  }

  async run(images: readonly ImageItem[], perFile: number, encoders: readonly Encoder[]): Promise<void> {
    this.progress.reused = this.progress.done = this.progress.total - images.length;
    const { batchSize, signal } = this.options;
    const files = split(images, perFile).map((file) => split(file, batchSize));
    const seen = new Set(this.store.bySha.keys());
    const { preprocess } = this.encoder.info;
    const read = ahead(files.flat(), 0, readBatch);
    const prepared = ahead(read, 1, (batch) => prepareBatch(EXTRACT, batch, preprocess, seen));
    // One batch waits per copy of the model, because copies differ in speed and results are taken in order.
    const depth = 2 * encoders.length;
    const computed = ahead(prepared, depth, (batch, i) => this.forward(batch, encoders[i % encoders.length]));
    for (const file of files) {
      const tensors = new Map<string, SafetensorsTensor>();
      const lines: ManifestLine[] = [];
      for (let i = 0; i < file.length; i++) {
        signal?.throwIfAborted();
        const { value } = await computed.next();
        append(lines, this.linesOf(value as Computed, tensors, lines));
        this.onProgress({ ...this.progress });
      }
      await this.store.commit(tensors, lines);
    }
  }

  private async forward(batch: readonly Candidate[], encoder: Encoder): Promise<Computed> {
    const { facet, norm, layers, returnEmbeddings } = this.options;
    const batchSize = Math.min(this.options.batchSize, roomFor(encoder));
    const fresh = batch.flatMap(({ prepared }) => prepared ?? []);
    if (!fresh.length) return { batch, fresh, maps: [] };
    const wanted = { indices: layers, facet, norm, batchSize, returnEmbeddings, stopEarly: true } as const;
    const { embeddings, intermediates } = await encoder.forwardIntermediates(fresh, {
      ...wanted,
      intermediatesOnly: true,
      outputFmt: "NLC",
    });
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
      const ok = { status: "ok", size: [width, height] as [number, number], shard: this.store.nextShard } as const;
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
        : (this.store.bySha.get(sha256) ?? before.find((line) => line.sha256 === sha256 && line.status === "ok"));
    if (same && reason === null) return { ...same, path, note };
    const why = reason ?? this.bad.get(sha256 ?? "") ?? "the picture cannot be read";
    return { path, sha256, status: "skipped", reason: why, shard: null, tensors: {} };
  }
}
