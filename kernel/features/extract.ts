import { described } from "../display/describe";
import { type ExtractResult, showExtraction } from "./extract-display";
import { append } from "../numeric";
import type { DeviceRequest } from "../backend";
import type { Encoder } from "../encoders/encoder";
import { ProgressBar } from "../display/progress";
import { FeatureError } from "./error";
import type { DamagedFile } from "./intact";
import { load, type LoadOptions } from "../encoders/load";
import type { Facet, ForwardOptions } from "../encoders/options";
import type { Precision } from "../encoders/precision";
import {
  BYTES,
  defaultCopies,
  type ExtractProgress,
  Extraction,
  type FeatureForm,
  imagesPerFile,
  withCopies,
} from "./extraction";
import { shardOf, type ShardOption } from "./images";
import { checkLevels, type ExtractionOptions, type FeatureLevel, layersOf } from "./levels";
import { type PoolOption, poolOf } from "./pool";
import { describeRun, type ExtractedLayer, type FeatureDtype } from "./run-identity";
import { type ImageItem, type ImageSource, itemsOf } from "./sources";
import { FeatureStore } from "./store";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

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
  /**
   * Stored tokens. A number: means of squares of so many by so many neighboring tokens. `"4x4"`: means of as many cells.
   * `"mean"`: the mean of all tokens. `"cls"`: the class token. Default 1, each token.
   */
  pool?: PoolOption;
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
const MOST_COPIES = 16;

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
  if (!Number.isInteger(imagesPerFile) || imagesPerFile < 1)
    throw new FeatureError(EXTRACT, "imagesPerFile must be a whole number of at least 1", imagesPerFile);
  if (!Number.isInteger(copies) || copies < 1 || copies > MOST_COPIES)
    throw new FeatureError(EXTRACT, `copies must be a whole number of 1..${MOST_COPIES}`, copies);
}

async function extractWith(encoder: Encoder, images: ImageItem[], options: ExtractOptions): Promise<ExtractResult> {
  const settings = settingsOf(encoder, options);
  const { form, layers, checked } = settings;
  const run = await describeRun(EXTRACT, encoder, layers, { facet: checked.facet, norm: checked.norm, ...form });
  const store = await FeatureStore.open(EXTRACT, options.out, run, options.signal);
  try {
    const todo = await missing(images, store);
    const progress = await extractMissing({ encoder, store, settings, todo, total: images.length }, options);
    return described(resultOf({ encoder, store, images, todo, progress }, run.hash, options.out), showExtraction);
  } finally {
    await store.close();
  }
}

/** Layers and numbers that an extraction stores. */
interface Settings {
  checked: ExtractionOptions;
  layers: ExtractedLayer[];
  form: FeatureForm;
}

function settingsOf(encoder: Encoder, { indices = [-1], dtype = "f32", ...options }: ExtractOptions): Settings {
  const checked = checkLevels(EXTRACT, encoder, { ...options, indices });
  if (checked.norm && !encoder.info.hasFinalNorm)
    throw new FeatureError(EXTRACT, `${encoder.name} has no final norm, norm must be false`, true);
  const pool = poolOf(EXTRACT, encoder, checked.stored, options.pool);
  return { checked, layers: layersOf(encoder, checked.stored, pool), form: { dtype, pool } };
}

/** An encoder and the pictures whose features it has still to compute. */
interface Missing {
  encoder: Encoder;
  store: FeatureStore;
  settings: Settings;
  todo: ImageItem[];
  /** Number of all pictures. */
  total: number;
}

async function extractMissing(
  { encoder, store, settings: { checked, layers, form }, todo, total }: Missing,
  options: ExtractOptions,
): Promise<ExtractProgress> {
  const job = new Extraction(EXTRACT, encoder, checked, store, form, total, reportTo(options, todo.length, total));
  job.progress.reused = job.progress.done = total - todo.length;
  const batches = Math.ceil(todo.length / checked.batchSize);
  await withCopies(encoder, options.copies ?? defaultCopies(encoder, batches), (copies) =>
    job.run(todo, options.imagesPerFile ?? imagesPerFile(layers, form.dtype), copies),
  );
  return job.progress;
}

/** State at the end of an extraction. */
interface Finished extends Pick<Missing, "encoder" | "store" | "todo"> {
  images: readonly ImageItem[];
  progress: ExtractProgress;
}

function resultOf({ encoder, store, images, todo, progress }: Finished, hash: string, out: string): ExtractResult {
  const lines = images.flatMap(({ path }) => store.lines.get(path) ?? []);
  const unread = lines.flatMap(({ status, path, reason = "" }) => (status === "skipped" ? [{ path, reason }] : []));
  return {
    out,
    hash,
    precision: encoder.info.precision,
    images: images.length,
    ok: lines.filter(({ status }) => status === "ok").length,
    skipped: unread.length,
    unread: unread.slice(0, MOST_NAMED),
    reused: progress.reused,
    redone: countIn(todo, store.damaged),
    damaged: store.damaged,
  };
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
