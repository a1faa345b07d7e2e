import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { parseJson } from "../../rules/json-text";
import { type ChannelMoments, mergeMoments, noMoments } from "../../numeric";
import {
  chunks,
  copyFile,
  existsSync,
  mkdir,
  readdir,
  readFile,
  realpathSync,
  replaceFile,
  rm,
  symlink,
  writeFile,
  writeParts,
} from "../../platform/files";
import { dirname, join, relative, resolve } from "../../platform/path";
import type { SystemError } from "../../platform/types";
import { FeatureError } from "../error";
import { isShard } from "../intact";
import { MANIFEST, parseRun, RUN } from "../store";
import { plainModel, writeStatistics } from "../theia-sample";
import { partFolder, type PartRecord, stateOf } from "./part-folder";
import { type ExtractionPlan, planOf } from "./plan";
import { MANIFEST_NAME, mapsName, MOMENTS_NAME, picturesName, vectorsName } from "./sinks";
import { patientBar } from "../../display/progress";

/** Target of a merge. */
export interface MergeOptions {
  /** Folder for the merged features. */
  out: string;
  /** Copy the files of the parts instead of linking to them. Default false. */
  copy?: boolean;
  /** Called after each part. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two parts; the same call goes on. Default: none. */
  signal?: AbortSignal;
}

/** Merged features. */
export interface MergeResult {
  out: string;
  parts: number;
  pictures: number;
  ok: number;
  skipped: number;
}

const MERGE = "features.merge";
const NAMES: OptionNames<MergeOptions> = { out: true, copy: true, onProgress: true, signal: true };

/**
 * Merges the parts of a plan into one folder as its readers expect it. `safetensors`: a folder for {@link open}. `embeddings`:
 * `img_emb/` and `metadata/`, as clip-retrieval's. `theia`: `<dataset>/<encoder>/*.tar`, with mean and deviation of the channels.
 * Files are linked, not copied; lists of pictures are joined in the order of the parts.
 *
 * @param plan a plan, or the path of its file
 * @throws FeatureError where a part is missing or damaged, or `out` holds something else
 */
export async function merge(plan: ExtractionPlan | string, options: MergeOptions): Promise<MergeResult> {
  checkOptionNames(MERGE, options, NAMES, FeatureError);
  if (typeof options.out !== "string" || options.out === "")
    throw new FeatureError(MERGE, "out must be a folder", options.out);
  const own = await planOf(MERGE, plan);
  const out = await placeOfMerge(own, resolve(options.out));
  const totals: MergeResult = { out, parts: own.parts, pictures: 0, ok: 0, skipped: 0 };
  const place = placeFor(own, out);
  const { onProgress = patientBar("Merging", "parts") } = options;
  for (let part = 0; part < own.parts; part++) {
    options.signal?.throwIfAborted();
    const record = await wholeRecord(own, part);
    for (const name of Object.keys(record.files)) {
      const target = place(part, name);
      if (target !== null) await put(join(partFolder(own, part), name), target, options.copy ?? false);
    }
    totals.pictures += record.pictures;
    totals.ok += record.ok;
    totals.skipped += record.skipped;
    onProgress({ done: part + 1, total: own.parts });
  }
  await checkUnextended(out, totals.pictures);
  await joinManifests(own, out, totals);
  if (own.format === "theia") await joinMoments(own, out);
  return totals;
}

/** File of a merged folder that says whose parts it holds. */
const MERGED = "merge.json";

/**
 * Makes the folder, and marks it before anything else is written: a merge that is stopped goes on, and no other plan's files come
 * beside these.
 *
 * @returns its path without links, because links to the parts are relative
 */
async function placeOfMerge(plan: ExtractionPlan, path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  const out = realpathSync(path);
  const parts = existsSync(plan.folder) ? realpathSync(plan.folder) : plan.folder;
  if (plainPath(out).startsWith(plainPath(parts)))
    throw new FeatureError(MERGE, "out must not lie among the parts", path);
  const mark = JSON.stringify({ version: 1, plan: plan.hash });
  const names = await readdir(out);
  const old = names.includes(MERGED) ? (await readFile(join(out, MERGED), "utf8")).trim() : null;
  if (old !== mark && names.some((name) => !name.endsWith(".part")))
    throw new FeatureError(MERGE, "out must be empty, or hold what the same plan merged", path);
  await replaceFile(join(out, MERGED), (beside) => writeFile(beside, `${mark}\n`, { flush: true }));
  return out;
}

const plainPath = (path: string): string => `${path.replaceAll("\\", "/")}/`;

/** Refuses a folder that `extract` has gone on with, whose later pictures another merge would forget. */
async function checkUnextended(out: string, pictures: number): Promise<void> {
  if (!existsSync(join(out, RUN))) return;
  const { committed } = parseRun(MERGE, await readFile(join(out, RUN), "utf8"));
  if (committed.images > pictures)
    throw new FeatureError(MERGE, "out must hold nothing but the parts, later pictures were added", out);
}

async function wholeRecord(plan: ExtractionPlan, part: number): Promise<PartRecord> {
  const found = await stateOf(plan, part);
  if (found.state === "whole") return found.record;
  const reason = found.state === "missing" ? "it is missing" : found.reason;
  throw new FeatureError(
    MERGE,
    `every part must be whole (part ${part}: ${reason}); extract --plan makes it`,
    plan.path,
  );
}

/** Returns where a part's file goes; null for its manifest and its moments, which are joined with the others. */
function placeFor(plan: ExtractionPlan, out: string): (part: number, name: string) => string | null {
  const model = plainModel(plan.run.encoder.name);
  return (part, name) => {
    if (name === MANIFEST_NAME || (plan.format === "theia" && name === MOMENTS_NAME)) return null;
    if (plan.format === "safetensors" && isShard(name)) return join(out, name);
    if (plan.format === "embeddings" && name === vectorsName(part)) return join(out, "img_emb", name);
    if (plan.format === "embeddings" && name === picturesName(part)) return join(out, "metadata", name);
    if (plan.format === "theia" && name === mapsName(plan, part)) return join(out, plan.dataset, model, name);
    throw new FeatureError(MERGE, `part ${part} must hold files of ${plan.format}`, name);
  };
}

/** Links a file, relative to its place, so that a folder that is moved as a whole stays so; copies where links cannot be made. */
async function put(file: string, target: string, isCopy: boolean): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  if (isCopy) return replaceFile(target, (beside) => copyFile(file, beside));
  await rm(target, { force: true });
  await symlink(relative(dirname(target), realpathSync(file)), target).catch(async (error: SystemError) => {
    if (!platform().isWindows) throw error;
    await copyFile(file, target);
  });
}

/** Joins the lines of all parts; a folder of safetensors is then one that `features.open` reads. */
async function joinManifests(plan: ExtractionPlan, out: string, totals: MergeResult): Promise<void> {
  let bytes = 0;
  await mkdir(out, { recursive: true });
  await writeParts(
    join(out, MANIFEST),
    (async function* () {
      for (let part = 0; part < plan.parts; part++)
        for await (const chunk of chunks(join(partFolder(plan, part), MANIFEST_NAME))) {
          bytes += chunk.length;
          yield chunk;
        }
    })(),
  );
  if (plan.format !== "safetensors") return;
  // Later extractions into the folder number their files after all of these.
  const shards = plan.parts * SHARDS_OF_PART;
  const run = { ...plan.run, committed: { manifest: bytes, images: totals.pictures, shards } };
  await replaceFile(join(out, RUN), (beside) =>
    writeFile(beside, `${JSON.stringify(run, null, 2)}\n`, { flush: true }),
  );
}

/** Writes the statistics of all maps. Sums are taken in the order of the parts, so the last bits do not depend on the order in which workers made them. */
async function joinMoments(plan: ExtractionPlan, out: string): Promise<void> {
  let all = noMoments(plan.run.layers[0].channels);
  for (let part = 0; part < plan.parts; part++)
    all = mergeMoments(all, await readMoments(join(partFolder(plan, part), MOMENTS_NAME), all.mean.length));
  if (all.count) await writeStatistics(out, plan.run.encoder.name, all);
}

async function readMoments(path: string, channels: number): Promise<ChannelMoments> {
  try {
    const { count, mean, squares } = Object(parseJson(await readFile(path, "utf8"))) as Record<string, number[]>;
    const rows = [mean, squares].map((row) => Float64Array.from(row));
    const isWhole =
      Number.isSafeInteger(count) && rows.every((row) => row.length === channels && row.every(Number.isFinite));
    if (isWhole) return { count: Number(count), mean: rows[0], squares: rows[1] };
  } catch {
    // Said below, with the path.
  }
  throw new FeatureError(MERGE, `the moments of a part must be those of ${channels} channels`, path);
}

/** Numbers that the name of a part's file of tensors leaves to each part. */
const SHARDS_OF_PART = 1_000_000;
