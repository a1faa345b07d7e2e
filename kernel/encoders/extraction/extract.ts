import type { DeviceRequest } from "../../backend";
import type { SafetensorsTensor } from "../../nn";
import type { Encoder } from "../encoder";
import { EncoderError } from "../errors";
import { load } from "../load";
import { type CheckedOptions, checkOptions, type Facet, type ForwardOptions } from "../options";
import { type ImageFile, listImages, readImage, shardOf, type ShardOption } from "./images";
import { type Candidate, prepareBatch } from "./prepare";
import { describeRun, type ExtractedLayer, type FeatureDtype } from "./run-identity";
import { FeatureStore, type ManifestLine } from "./store";
import { storeTensors } from "./tensors";

/** How far an extraction is. */
export interface ExtractProgress {
  /** Images, with those that were there before. */
  done: number;
  total: number;
  skipped: number;
  /** Images whose features were there before this call. */
  reused: number;
}

/** What to extract, and where to. */
export interface ExtractOptions {
  /** A loaded encoder, which stays loaded, or what `encoders.load` takes. */
  encoder: Encoder | string;
  /** A folder, a text file with a path a line (relative to it), or paths. */
  images: string | readonly string[];
  /** Blocks, as `indices` of `forwardIntermediates`. Default: the last one. */
  layers?: ForwardOptions["indices"];
  /** The folder that takes the features. One that holds some of the same run is gone on with. */
  out: string;
  /** Default `f32`. */
  dtype?: FeatureDtype;
  /** The part of the images that this call takes, `i/n`. Parts that run at the same time need an `out` each. */
  shard?: ShardOption;
  /** For an encoder that is loaded here. Default `auto`. */
  device?: DeviceRequest;
  /** For an encoder of the hub that is loaded here: the `.onnx` file in its repository. */
  file?: string;
  /** Images that go through the model together. Default 16. */
  batchSize?: number;
  /** Images in one file, all of which are in memory. Default: as many as fill 64 MB, at most 64. */
  imagesPerFile?: number;
  /** Apply the final norm to each layer. Default false. */
  norm?: boolean;
  /** Default `token`. */
  facet?: Facet;
  /** Called after each batch. */
  onProgress?: (progress: ExtractProgress) => void;
  /** Stops between two batches; files that are complete stay, and the next call goes on after them. */
  signal?: AbortSignal;
}

/** What an extraction did. */
export interface ExtractResult extends Omit<ExtractProgress, "done" | "total"> {
  out: string;
  /** Of encoder and options: what makes two runs the same. */
  hash: string;
  images: number;
  /** Images with features, now or from before. */
  ok: number;
}

const EXTRACT = "encoders.extract";
const FILE_BYTES = 64 * 2 ** 20;
const MOST_IMAGES = 64;
const BYTES = { f32: 4, f16: 2, int8: 1 } as const;

/**
 * Writes the features of many images to disk: `features-00000.safetensors`, … with a tensor `[N, C]` a layer and image,
 * `manifest.jsonl` with a line an image, `run.json` with encoder and options. It may be killed at any moment and called
 * again: whole files count, and the result is the same byte for byte. Pictures that cannot be read are listed and skipped;
 * those of equal content are computed once.
 *
 * @throws EncoderError for illegal options, an `out` of another run or in use, a disk that is full or cannot be written
 */
export async function extract(options: ExtractOptions): Promise<ExtractResult> {
  checkExtract(options);
  const images = shardOf(EXTRACT, await listImages(EXTRACT, options.images), options.shard);
  const { encoder: source, device, file, signal } = options;
  if (typeof source !== "string") return extractWith(source, images, options);
  const encoder = await load(source, { device, file, signal });
  try {
    return await extractWith(encoder, images, options);
  } finally {
    await encoder.dispose();
  }
}

function checkExtract({ out, dtype = "f32", imagesPerFile = 1 }: ExtractOptions): void {
  if (typeof out !== "string" || out === "") throw new EncoderError(EXTRACT, "out must be a folder", out);
  if (!Object.hasOwn(BYTES, dtype))
    throw new EncoderError(EXTRACT, `dtype must be ${Object.keys(BYTES).join(", ")}`, dtype);
  if (!Number.isInteger(imagesPerFile) || imagesPerFile < 1)
    throw new EncoderError(EXTRACT, "imagesPerFile must be a whole number of at least 1", imagesPerFile);
}

async function extractWith(encoder: Encoder, images: ImageFile[], options: ExtractOptions): Promise<ExtractResult> {
  const { layers: indices = [-1], norm, facet, batchSize, signal, dtype = "f32", out } = options;
  const checked = checkOptions(EXTRACT, { indices, norm, facet, batchSize, signal }, encoder.info.depth);
  if (checked.norm && !encoder.info.hasFinalNorm)
    throw new EncoderError(EXTRACT, `${encoder.name} has no final norm, norm must be false`, true);
  const layers = layersOf(encoder, checked.layers);
  const run = await describeRun(EXTRACT, encoder, layers, { facet: checked.facet, norm: checked.norm, dtype });
  const store = await FeatureStore.open(EXTRACT, out, run);
  try {
    const job = new Extraction(encoder, checked, store, dtype, images.length, options.onProgress);
    await job.run(await missing(images, store), options.imagesPerFile ?? imagesPerFile(layers, dtype));
    const lines = images.map(({ path }) => store.lines.get(path));
    const ok = lines.filter((line) => line?.status === "ok").length;
    const { skipped, reused } = job.progress;
    return { out, hash: run.hash, images: images.length, ok, skipped, reused };
  } finally {
    await store.close();
  }
}

function layersOf(encoder: Encoder, layers: readonly number[]): ExtractedLayer[] {
  return layers.map((layer) => {
    const { channels, reduction } = encoder.featureInfo[layer];
    return { layer, channels, grid: encoder.gridOf(layer), stride: reduction };
  });
}

function imagesPerFile(layers: readonly ExtractedLayer[], dtype: FeatureDtype): number {
  const values = layers.reduce((sum, { grid, channels }) => sum + grid[0] * grid[1] * channels, 0);
  return Math.min(MOST_IMAGES, Math.max(1, Math.floor(FILE_BYTES / (values * BYTES[dtype]))));
}

const READERS = 8;

/** Images without a line of their present content. */
async function missing(images: readonly ImageFile[], store: FeatureStore): Promise<ImageFile[]> {
  const found: ImageFile[] = [];
  for (let start = 0; start < images.length; start += READERS) {
    const some = images.slice(start, start + READERS);
    const isKnown = await Promise.all(some.map((image) => hasLine(image, store)));
    found.push(...some.filter((_, i) => !isKnown[i]));
  }
  return found;
}

async function hasLine(image: ImageFile, store: FeatureStore): Promise<boolean> {
  const line = store.lines.get(image.path);
  if (!line) return false;
  const read = await readImage(image);
  return line.sha256 === ("sha256" in read ? read.sha256 : null);
}

/** One call's work: batches are prepared one ahead of the model, files written whole. */
class Extraction {
  readonly progress: ExtractProgress;
  private readonly bad = new Map<string, string>();

  constructor(
    private readonly encoder: Encoder,
    private readonly options: CheckedOptions,
    private readonly store: FeatureStore,
    private readonly dtype: FeatureDtype,
    total: number,
    private readonly onProgress: (progress: ExtractProgress) => void = () => {},
  ) {
    this.progress = { done: 0, total, skipped: 0, reused: 0 };
  }

  async run(images: readonly ImageFile[], perFile: number): Promise<void> {
    this.progress.reused = this.progress.done = this.progress.total - images.length;
    const { batchSize, signal } = this.options;
    const files = split(images, perFile).map((file) => split(file, batchSize));
    const seen = new Set(this.store.bySha.keys());
    const { preprocess } = this.encoder.info;
    const batches = ahead(files.flat(), (batch) => prepareBatch(EXTRACT, batch, preprocess, seen));
    for (const file of files) {
      const tensors = new Map<string, SafetensorsTensor>();
      const lines: ManifestLine[] = [];
      for (let i = 0; i < file.length; i++) {
        signal?.throwIfAborted();
        const { value } = await batches.next();
        lines.push(...(await this.forward(value as Candidate[], tensors, lines)));
        this.onProgress({ ...this.progress });
      }
      await this.store.commit(tensors, lines);
    }
  }

  /** Runs one batch and says what became of each of its images. */
  private async forward(
    batch: readonly Candidate[],
    tensors: Map<string, SafetensorsTensor>,
    before: readonly ManifestLine[],
  ): Promise<ManifestLine[]> {
    const { facet, norm, layers, batchSize } = this.options;
    const fresh = batch.flatMap(({ prepared }) => prepared ?? []);
    const wanted = { indices: layers, facet, norm, batchSize, stopEarly: true, intermediatesOnly: true } as const;
    const maps = fresh.length
      ? (await this.encoder.forwardIntermediates(fresh, { ...wanted, outputFmt: "NLC" })).intermediates
      : [];
    const lines: ManifestLine[] = [];
    for (const candidate of batch) {
      const { prepared, sha256 } = candidate;
      if (!prepared || sha256 === null) {
        lines.push(this.withoutForward(candidate, [...before, ...lines]));
        continue;
      }
      const stored = storeTensors(maps, fresh.indexOf(prepared), sha256, this.dtype, tensors);
      const [width, height] = prepared.geometry.imageSize;
      const ok = { status: "ok", size: [width, height] as [number, number], shard: this.store.nextShard } as const;
      lines.push({ path: candidate.image.path, sha256, ...ok, tensors: stored });
    }
    this.progress.done += lines.length;
    this.progress.skipped += lines.filter((line) => line.status === "skipped").length;
    return lines;
  }

  /** A bad picture, or one that was seen before, be it good or bad. */
  private withoutForward({ image, sha256, reason }: Candidate, before: readonly ManifestLine[]): ManifestLine {
    const { path } = image;
    if (reason !== null && sha256 !== null) this.bad.set(sha256, reason);
    const same =
      sha256 === null
        ? undefined
        : (this.store.bySha.get(sha256) ?? before.find((line) => line.sha256 === sha256 && line.status === "ok"));
    if (same && reason === null) return { ...same, path };
    const why = reason ?? this.bad.get(sha256 ?? "") ?? "the picture cannot be read";
    return { path, sha256, status: "skipped", reason: why, shard: null, tensors: {} };
  }
}

function split<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Results in order; the next one is on its way while the present one is used. */
async function* ahead<T, R>(items: readonly T[], prepare: (item: T) => Promise<R>): AsyncGenerator<R> {
  let next = items.length ? prepare(items[0]) : null;
  for (let i = 0; next; i++) {
    const result = await next;
    next = i + 1 < items.length ? prepare(items[i + 1]) : null;
    // Reported when its turn comes, not as an unhandled rejection now.
    next?.catch(() => {});
    yield result;
  }
}
