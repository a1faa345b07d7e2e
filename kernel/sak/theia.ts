import { checkArguments } from "../rules/arguments";
import { type FeatureLevel, storedLayer } from "../features/levels";
import { transpose } from "../encoders/feature-map";
import { type FeatureFolder, open } from "../features/read";
import { tarItems } from "../features/tar";
import {
  encodeSample,
  plainModel,
  sampleMoments,
  shardName,
  statisticsPath,
  writeStatistics,
} from "../features/theia-sample";
import { toFloat32 } from "../nn/module/floats";
import { mergeMoments, noMoments } from "../numeric";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { chunks, mkdir, readdir, readFile, replaceFile, writeFile } from "../platform/files";
import { join } from "../platform/path";
import { parseSafetensors } from "../safetensors/safetensors";
import type { PlainFeatureMap } from "../contracts/features";
import { SakError } from "./error";
import { TeacherNorm } from "./norm";
import { type NpyArray, parseNpy } from "../data/npy";
import { isWhole } from "../rules/rule-error";
import { patientBar } from "../display/progress";

/** Options of {@link writeTheia}. */
export interface WriteTheiaOptions {
  /** Folder of the data sets. */
  out: string;
  /** Name of the data set, the folder below. */
  dataset: string;
  /** Name of the teacher, the folder below that; `/` becomes `_`. */
  model: string;
  /** Part of the data set, in the names of the shards. Default `train`. */
  split?: string;
  /** Level to write. Default: the last stored one. */
  level?: FeatureLevel;
  /** Type of the written numbers. Default `f16`. */
  dtype?: "f16" | "f32";
  /** Number of pictures in a shard. Default 1000. */
  samplesPerShard?: number;
  /** Called after each picture. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two pictures: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** Sample of a folder in Theia's layout. */
export interface TheiaSample {
  /** Key of the picture: its path without the extension. */
  key: string;
  map: PlainFeatureMap;
  /** Class token, [C], where the teacher has one. */
  classToken: Float32Array | null;
}

const WRITE = "sak.writeTheia";
const READ = "sak.readTheia";
const NAMES: OptionNames<WriteTheiaOptions> = {
  out: true,
  dataset: true,
  model: true,
  split: true,
  level: true,
  dtype: true,
  samplesPerShard: true,
  onProgress: true,
  signal: true,
};

/**
 * Writes stored features in the layout of Theia's release (arXiv 2407.20179): tars of samples, each a safetensors file with
 * `embedding` [C, H, W], and mean and deviation of the channels, which the release's files call `var`. Every file is written
 * beside its place and moved there.
 *
 * @returns paths of the shards
 * @throws SakError for pictures of one key, or a key with a dot, which webdataset would cut
 */
export async function writeTheia(source: FeatureFolder | string, options: WriteTheiaOptions): Promise<string[]> {
  checkOptionNames(WRITE, options, NAMES, SakError);
  if (typeof source !== "string")
    checkArguments(WRITE, SakError, { source }, { source: { run: "object", paths: "array" } });
  const folder = typeof source === "string" ? await open(source) : source;
  const { onProgress = patientBar("Writing", "pictures"), signal } = options;
  const { out, dataset, split = "train", samplesPerShard = 1000, dtype = "f16" } = options;
  if (!isWhole(samplesPerShard))
    throw new SakError(WRITE, "samplesPerShard must be a whole number of at least 1", samplesPerShard);
  if (dtype !== "f16" && dtype !== "f32") throw new SakError(WRITE, "dtype must be f16 or f32", dtype);
  const { layers } = folder.run;
  const layer = storedLayer(options.level ?? layers[layers.length - 1].layer);
  const [stored] = folder.checkLayers(WRITE, [layer]);
  const keys = keysOf(folder.paths);
  const model = plainModel(options.model);
  const target = join(out, dataset, model);
  await mkdir(target, { recursive: true });
  let moments = noMoments(stored.channels);
  const written: string[] = [];
  for (let start = 0; start < folder.paths.length; start += samplesPerShard) {
    const paths = folder.paths.slice(start, start + samplesPerShard);
    const name = shardName(dataset, split, written.length);
    const entries: Entry[] = [];
    for (const [i, path] of paths.entries()) {
      signal?.throwIfAborted();
      const entry = await entryOf({ folder, layer, keys, model, dtype }, path);
      moments = mergeMoments(moments, sampleMoments(entry.body));
      entries.push(entry);
      onProgress({ done: start + i + 1, total: folder.paths.length });
    }
    await writeWhole(join(target, name), await pack(entries));
    written.push(join(target, name));
  }
  await writeStatistics(out, model, moments);
  return written;
}

/** Returns the key of each path; a key names the picture in a tar up to its first dot. */
function keysOf(paths: readonly string[]): Map<string, string> {
  const keys = new Map<string, string>();
  const seen = new Set<string>();
  for (const path of paths) {
    const key = path.replace(/\.[A-Za-z]+$/, "").replace(/^\/+/, "");
    if (key.slice(key.lastIndexOf("/") + 1).includes("."))
      throw new SakError(WRITE, "a name must have no dot but that of its extension", path);
    if (seen.has(key)) throw new SakError(WRITE, "names without extension must differ", path);
    seen.add(key);
    keys.set(path, key);
  }
  return keys;
}

interface Job {
  folder: FeatureFolder;
  layer: number;
  keys: ReadonlyMap<string, string>;
  model: string;
  dtype: "f16" | "f32";
}

interface Entry {
  header: { name: string; size: number; mtime: Date };
  body: Uint8Array;
}

async function entryOf(job: Job, path: string): Promise<Entry> {
  const [map] = await job.folder.maps([path], [job.layer]);
  const body = encodeSample(map, job.dtype);
  // A fixed date makes equal features equal files.
  const header = { name: `${job.keys.get(path)}.${job.model}.safetensors`, size: body.length, mtime: new Date(0) };
  return { header, body };
}

async function pack(entries: readonly Entry[]): Promise<Uint8Array> {
  const { packTar } = await import("modern-tar");
  return packTar(entries);
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await replaceFile(path, (beside) => writeFile(beside, bytes, { flush: true }));
}

/** One row of floating numbers from a NumPy file. */
function rowOf(fn: string, path: string, bytes: Uint8Array): Float32Array {
  const rule = `${path} must be a NumPy file of one row of floating numbers`;
  let row: NpyArray;
  try {
    row = parseNpy(bytes);
  } catch (error) {
    throw new SakError(fn, rule, (error as Error).message);
  }
  if (!row.isFloat || row.shape.length !== 1) throw new SakError(fn, rule, row.shape);
  return Float32Array.from(row.data);
}

/**
 * Reads a teacher's mean and deviation in Theia's layout, as the normalization of its one level.
 *
 * @param root folder of the data sets
 * @throws SakError for missing files, or other content than the statistics of one teacher
 */
export async function readTheiaNorm(root: string, model: string): Promise<TeacherNorm> {
  const fn = "sak.readTheiaNorm";
  checkArguments(fn, SakError, { root, model }, { root: "string", model: "string" });
  const read = async (kind: "mean" | "var"): Promise<Float32Array> => {
    const path = statisticsPath(root, kind, model);
    return rowOf(fn, path, await readFile(path));
  };
  const [mean, deviation] = [await read("mean"), await read("var")];
  if (mean.length !== deviation.length)
    throw new SakError(fn, `mean and deviation of ${model} must be of one width, ${mean.length}`, deviation.length);
  return TeacherNorm.given(mean, deviation);
}

/**
 * Yields the samples of a teacher in Theia's layout, in the order of the shards. A shard is read as a stream.
 *
 * @param folder folder of the shards
 * @param model name of the teacher, as in the names of its samples
 * @throws SakError for a folder without shards, a damaged shard, or an invalid sample
 */
export async function* readTheia(folder: string, model: string): AsyncGenerator<TheiaSample, void, void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".tar")).sort();
  if (!names.length) throw new SakError(READ, "the folder must hold tars", folder);
  for (const name of names) yield* shardSamples(join(folder, name), `${plainModel(model)}.safetensors`.toLowerCase());
}

async function* shardSamples(path: string, extension: string): AsyncGenerator<TheiaSample, void, void> {
  const entries = tarItems(chunks(path));
  for (;;) {
    const { value: entry, done } = await entries.next().catch((error: unknown) => {
      throw new SakError(READ, `${path} must be a whole tar`, error);
    });
    if (done) return;
    const slash = entry.name.lastIndexOf("/") + 1;
    const dot = entry.name.indexOf(".", slash);
    // Packed shards also hold pictures and other teachers.
    if (dot > 0 && entry.name.slice(dot + 1).toLowerCase() === extension)
      yield sampleOf(path, entry.name.slice(0, dot), entry.bytes);
  }
}

function sampleOf(path: string, key: string, bytes: Uint8Array): TheiaSample {
  const { tensors } = parseSafetensors(bytes);
  const embedding = tensors.get("embedding");
  if (embedding?.shape.length !== 3)
    throw new SakError(READ, `${key} of ${path} must have an embedding [C, H, W]`, embedding?.shape ?? "none");
  const [channels, rows, columns] = embedding.shape;
  const token = tensors.get("cls_token");
  return {
    key,
    map: { data: transpose(toFloat32(READ, embedding), channels, rows * columns), grid: [rows, columns], channels },
    classToken: token ? toFloat32(READ, token) : null,
  };
}
