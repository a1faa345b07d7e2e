import { checkArguments } from "../../rules/arguments";
import { parseJson } from "../../rules/json-text";
import { sha256Of } from "../../platform";
import { existsSync, mkdir, readFile, replaceFile, writeFile } from "../../platform/files";
import { basename, dirname, join, resolve } from "../../platform/path";
import type { SystemError } from "../../platform/types";
import type { Encoder } from "../../encoders/encoder";
import { load, type LoadOptions } from "../../encoders/load";
import type { Facet, ForwardOptions } from "../../encoders/options";
import type { Precision } from "../../encoders/precision";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { FeatureError } from "../error";
import { BYTES } from "../extraction";
import { sumOf } from "../intact";
import { checkLevels, type ExtractionOptions, type FeatureLevel, layersOf } from "../levels";
import { type PoolOption, poolOf } from "../pool";
import { describeRun, hashRun, type ExtractionRun, type FeatureDtype } from "../run-identity";
import { countParts, describeSource, type PlannedSource } from "./source";

/**
 * Files of a part. `safetensors`: tensors by picture, as {@link extract} writes them. `embeddings`: a NumPy file of vectors and
 * a parquet file of their pictures, as clip-retrieval writes them. `theia`: a tar of safetensors, as Theia's release has them.
 */
export type PartFormat = "safetensors" | "embeddings" | "theia";

/** Source, encoder and division of a plan. */
export interface PlanOptions {
  /**
   * A folder (of tars, of parquet files, or of pictures), a text file with a name a line, a tar or parquet file, a JSON file with
   * COCO's `images`, names, or a pattern of paths or URLs: `https://host/{000000..000999}.tar`.
   */
  source: string | readonly string[];
  /** Path of the plan, `*.json`. Its list and its parts lie beside it. */
  output: string;
  /** Source for `encoders.load`, which every worker must be able to load. */
  encoder: string;
  /** Folder that relative names begin in. Default: that of the source; for patterns and names the current one. */
  root?: string;
  /** Number of picture files in a part. Default 1000. */
  picturesPerPart?: number;
  /** Number of tars or parquet files in a part. Default 1. */
  archivesPerPart?: number;
  /** Bytes of listed files in a part, in place of their number. Default: by number. */
  bytesPerPart?: number;
  /** Column of parquet files that holds bytes, paths or `{ bytes, path }`. Default `image`. */
  column?: string;
  /** Default `safetensors`. */
  format?: PartFormat;
  /** Name of the data set in the files of `theia`. Default `pictures`. */
  dataset?: string;
  /** Blocks, as in {@link extract}. Default: the last one. */
  indices?: ForwardOptions["indices"] | readonly FeatureLevel[];
  /** Stored tokens, as in {@link extract}. Default 1, each token; for `embeddings` `mean`. */
  pool?: PoolOption;
  /** Type of the stored numbers. Default `f32`. */
  dtype?: FeatureDtype;
  /** Apply the final norm to each layer. Default false. */
  norm?: boolean;
  /** Facet of the blocks. Default `token`. */
  facet?: Facet;
  /** Precision of the encoder. Default `fp32`. */
  precision?: Precision;
  /** Path of the `.onnx` file in the repository of the hub. Default: as in `encoders.load`. */
  file?: string;
  /** Preparation of pictures, as in `encoders.load`. Default: the model's own. */
  preprocess?: LoadOptions["preprocess"];
  /** Size of the model's input, as in `encoders.load`. Default: the exported one. */
  inputSize?: LoadOptions["inputSize"];
  /** Images that run together. It is part of the plan, because it moves the last bits of features. Default 16. */
  batchSize?: number;
  /** Largest number of pictures of a part that may fail; with more, the part is not kept. Default: any number. */
  maxErrors?: number;
  /** Stops before anything is written. Default: none. */
  signal?: AbortSignal;
}

/** Content of a plan's file. */
export interface PlanFile {
  version: 1;
  /** SHA-256 of all that decides the content of the parts. */
  hash: string;
  /** Source and options by which workers load the encoder; the hash of `run` tells whether they found the same. */
  encoder: { source: string } & Pick<LoadOptions, "file" | "preprocess" | "inputSize" | "precision">;
  run: ExtractionRun;
  options: { indices: PlanOptions["indices"]; norm: boolean; facet: Facet; batchSize: number };
  format: PartFormat;
  dataset: string;
  maxErrors: number | null;
  source: PlannedSource;
}

/** Plan of an extraction in parts that any number of workers make. */
export interface ExtractionPlan extends PlanFile {
  /** Path of its file. */
  path: string;
  /** Folder of its parts. */
  folder: string;
  /** Number of parts. */
  parts: number;
}

const PLAN = "features.plan";
const OPEN = "features.openPlan";
const FORMATS: readonly PartFormat[] = ["safetensors", "embeddings", "theia"];
const NAMES: OptionNames<PlanOptions> = {
  source: true,
  output: true,
  encoder: true,
  root: true,
  picturesPerPart: true,
  archivesPerPart: true,
  bytesPerPart: true,
  column: true,
  format: true,
  dataset: true,
  indices: true,
  pool: true,
  dtype: true,
  norm: true,
  facet: true,
  precision: true,
  file: true,
  preprocess: true,
  inputSize: true,
  batchSize: true,
  maxErrors: true,
  signal: true,
};

/**
 * Plans an extraction: names the pictures once, divides them into parts, and writes that down with the encoder and all
 * options. Each part is then made by {@link extractPart} from the plan and the part's number alone, on any machine that
 * sees the plan's folder. A pattern of a billion pictures is counted, not listed.
 *
 * @returns the plan; an equal one at `output` is opened and not written again
 * @throws FeatureError for a source without pictures, options that a format or an encoder cannot have, or an `output` that
 *   holds another plan
 *
 * @example
 * const plan = await features.plan({ source: "tars/{000000..000999}.tar", encoder: "zoo/clip-vit", output: "run/plan.json" });
 * for (let part = 0; part < plan.parts; part++) await features.extractPart(plan, part);
 */
export async function plan(options: PlanOptions): Promise<ExtractionPlan> {
  checkOptionNames(PLAN, options, NAMES, FeatureError);
  checkPlan(options);
  const { source, output, root, signal, format = "safetensors", dataset = "pictures", maxErrors = null } = options;
  const { picturesPerPart = 1000, archivesPerPart = 1, bytesPerPart, column } = options;
  const path = resolve(output);
  const encoder = encoderOf(options);
  const list = listName(path);
  checkPlaces(source, path);
  const found = await describeSource(PLAN, source, root, list, { picturesPerPart, archivesPerPart, bytesPerPart });
  const described = column === undefined ? found.source : { ...found.source, column };
  const loaded = await loadEncoder(encoder, { device: "cpu", signal });
  const { run, options: extraction } = await describeExtraction(PLAN, loaded, options).finally(() => loaded.dispose());
  signal?.throwIfAborted();
  const content = { run, options: extraction, format, dataset, maxErrors, source: described };
  const file: PlanFile = { version: 1, hash: hashPlan(content), encoder, ...content };
  await write(path, file, found.list);
  return withPlaces(path, file);
}

function checkPlan(options: PlanOptions): void {
  const { output, encoder, format = "safetensors", dtype = "f32", dataset = "pictures" } = options;
  if (typeof output !== "string" || !output.endsWith(".json"))
    throw new FeatureError(PLAN, "output must be a path *.json", output);
  if (typeof encoder !== "string") throw new FeatureError(PLAN, "encoder must be a source for encoders.load", encoder);
  if (!FORMATS.includes(format)) throw new FeatureError(PLAN, `format must be ${FORMATS.join(", ")}`, format);
  if (!Object.hasOwn(BYTES, dtype))
    throw new FeatureError(PLAN, `dtype must be ${Object.keys(BYTES).join(", ")}`, dtype);
  if (format === "theia" && dtype === "int8") throw new FeatureError(PLAN, "dtype of theia must be f32 or f16", dtype);
  if (!/^[\w-]+$/.test(dataset))
    throw new FeatureError(PLAN, "dataset must be made of letters, digits, _ and -", dataset);
  for (const name of ["picturesPerPart", "archivesPerPart", "bytesPerPart"] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new FeatureError(PLAN, `${name} must be a whole number of at least 1`, value);
  }
  const { maxErrors } = options;
  if (maxErrors !== undefined && !(Number.isSafeInteger(maxErrors) && maxErrors >= 0))
    throw new FeatureError(PLAN, "maxErrors must be a whole number of at least 0", maxErrors);
}

/** The plan's own files must not take the place of the source. */
function checkPlaces(source: PlanOptions["source"], path: string): void {
  const list = join(dirname(path), listName(path));
  if (typeof source === "string" && [path, list].includes(resolve(source)))
    throw new FeatureError(
      PLAN,
      `output must leave the source as it is, the plan has files ${basename(list)} and`,
      path,
    );
}

/** A path is resolved, because workers start in other folders. */
function encoderOf({ encoder, file, preprocess, inputSize, precision }: PlanOptions): PlanFile["encoder"] {
  const source = existsSync(encoder) ? resolve(encoder) : encoder;
  return { source, file, preprocess, inputSize, precision };
}

/** @internal Loads a plan's encoder. */
export function loadEncoder(
  { source, file, preprocess, inputSize, precision }: PlanFile["encoder"],
  options: Pick<LoadOptions, "device" | "signal">,
): Promise<Encoder> {
  return load(source, { ...options, file, preprocess, inputSize, precision });
}

async function describeExtraction(
  fn: string,
  encoder: Encoder,
  options: PlanOptions,
): Promise<Pick<PlanFile, "run" | "options">> {
  const { indices = [-1], format = "safetensors", dtype = "f32", batchSize } = options;
  const pool = options.pool ?? (format === "embeddings" ? "mean" : 1);
  const checked = checkLevels(fn, encoder, { ...options, indices, batchSize });
  const own = { indices, norm: checked.norm, facet: checked.facet, batchSize: checked.batchSize };
  const run = await runOf(fn, encoder, checked, { dtype, pool });
  checkFormat(fn, format, run);
  return { run, options: own };
}

/** @internal Describes what an encoder computes under a plan's options. */
export async function runOf(
  fn: string,
  encoder: Encoder,
  checked: ExtractionOptions,
  { dtype, pool: option }: { dtype: FeatureDtype; pool: PoolOption },
): Promise<ExtractionRun> {
  if (checked.norm && !encoder.info.hasFinalNorm)
    throw new FeatureError(fn, `${encoder.name} has no final norm, norm must be false`, true);
  const pool = poolOf(fn, encoder, checked.stored, option);
  const layers = layersOf(encoder, checked.stored, pool);
  return describeRun(fn, encoder, layers, { facet: checked.facet, norm: checked.norm, dtype, pool });
}

function checkFormat(fn: string, format: PartFormat, { layers }: ExtractionRun): void {
  if (format === "safetensors") return;
  if (layers.length > 1) throw new FeatureError(fn, `${format} holds one layer, indices must name one`, layers.length);
  const [{ grid }] = layers;
  if (format === "embeddings" && grid[0] * grid[1] !== 1)
    throw new FeatureError(
      fn,
      "pool of embeddings must be mean, cls, or leave one cell",
      `${grid[0]} x ${grid[1]} cells`,
    );
}

const listName = (path: string): string => `${basename(path, ".json")}.list`;

function hashPlan({
  run,
  options,
  format,
  dataset,
  maxErrors,
  source,
}: Omit<PlanFile, "version" | "hash" | "encoder">): string {
  const content = [run.hash, options, format, dataset, maxErrors, source];
  return sha256Of(JSON.stringify(content));
}

async function write(path: string, file: PlanFile, list: Uint8Array | null): Promise<void> {
  if (existsSync(path)) {
    const { hash } = await openPlan(path);
    if (hash !== file.hash) throw new FeatureError(PLAN, "output must be new, or hold the same plan", path);
  }
  await mkdir(dirname(path), { recursive: true });
  const place = join(dirname(path), listName(path));
  // Also beside a plan that is there, where the list was lost or damaged.
  if (list && (await sumOf(place).catch(() => null))?.sha256 !== sha256Of(list)) await whole(place, list);
  if (!existsSync(path)) await whole(path, `${JSON.stringify(file, null, 2)}\n`);
}

const whole = (path: string, content: string | Uint8Array): Promise<void> =>
  replaceFile(path, (beside) => writeFile(beside, content, { flush: true }));

const withPlaces = (path: string, file: PlanFile): ExtractionPlan => ({
  ...file,
  path,
  folder: join(dirname(path), `${basename(path, ".json")}.parts`),
  parts: countParts(file.source),
});

/**
 * Opens a plan that {@link plan} wrote.
 *
 * @param path of the plan's file
 * @throws FeatureError for a file that is missing, no plan, or altered
 */
export async function openPlan(path: string): Promise<ExtractionPlan> {
  const text = await readFile(path, "utf8").catch((error: SystemError) => {
    throw new FeatureError(OPEN, `the plan must be a file (${error.code})`, path);
  });
  const file = parsePlan(text);
  if (!file) throw new FeatureError(OPEN, "the file must hold a plan of version 1", path);
  if (hashPlan(file) !== file.hash || hashRun(file.run) !== file.run.hash)
    throw new FeatureError(OPEN, "a plan must not be altered, its hash is another", path);
  return withPlaces(resolve(path), file);
}

function parsePlan(text: string): PlanFile | null {
  try {
    const file = Object(parseJson(text)) as PlanFile;
    const isPlan = file.version === 1 && Array.isArray(file.run.layers) && FORMATS.includes(file.format);
    // Neither is part of the hash, because they may differ between machines. A merge names a folder by the encoder.
    const { source } = file.encoder;
    const isNamed = typeof source === "string" && /[^.]/.test(file.run.encoder.name);
    return isPlan && isNamed && Number.isSafeInteger(countParts(file.source)) ? file : null;
  } catch {
    return null;
  }
}

/** @internal Returns a plan, opened where it is a path. */
export async function planOf(fn: string, given: ExtractionPlan | string): Promise<ExtractionPlan> {
  if (typeof given === "string") return openPlan(given);
  checkArguments(fn, FeatureError, { plan: given }, { plan: { options: "object", run: "object", source: "object" } });
  return given;
}
