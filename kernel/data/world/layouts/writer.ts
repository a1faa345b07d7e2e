import { checkArguments } from "../../../rules/arguments";
import { sha256Of } from "../../../platform";
import {
  appendFile,
  existsSync,
  mkdir,
  readdir,
  readFileSync,
  rename,
  rm,
  truncate,
  writeFile,
} from "../../../platform/files";
import { FileError, fileError } from "../../../platform/file-error";
import { LOCK, lockFolder } from "../../../platform/folder-lock";
import { dirname, join, relative, resolve } from "../../../platform/path";
import { WorldError } from "../errors";
import { MOST_OBJECTS } from "../scenes/crowd";
import { splits, type Split } from "../scenes/scene";
import { coco } from "./coco";
import { dense } from "./dense";
import { gqa } from "./gqa";
import {
  drawPicture,
  jsonOf,
  layoutNames,
  MOST_IMAGES,
  type AnyLayout,
  type LayoutName,
  type WriteSpec,
} from "./picture";
import { refcoco } from "./refcoco";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { parseJson } from "../../../rules/json-text";
import { isWhole } from "../../../rules/rule-error";
import { patientBar } from "../../../display/progress";

/** Options of {@link write}. */
export interface WriteOptions {
  /**
   * Layout of the files.
   *
   * - `coco`: masks, boxes and keypoints of objects, masks of parts, captions
   * - `refcoco`: boxes and masks with referring phrases
   * - `dense`: maps of categories, parts, instances, boundaries, saliency and surface normals
   * - `gqa`: question-answer pairs and scene graphs, and the pairs as LLaVA's conversations
   */
  readonly layout: LayoutName;
  /** Split to write. Default `"train"`. */
  readonly split?: Split;
  /** Number of images, at most 100,000. Default 1000. */
  readonly count?: number;
  /** Seed that selects the images of the split, 0 to 9999; two seeds share no image. Default 0. */
  readonly seed?: number;
  /** Pixels on a side, 32 to 512. Default 128. */
  readonly size?: number;
  /** Layout `refcoco`: also phrases that name a part, as `the object with a tail`. Default `false`. */
  readonly parts?: boolean;
  /** Most objects of an image, 1 to 5; fewer ones are larger. Default 5. */
  readonly objects?: number;
  /** Called after each image with the numbers of written and of all images. Default: a bar in a notebook, after two seconds. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Stops after the current image; the same call continues from there. Default: none. */
  readonly signal?: AbortSignal;
}

const LAYOUTS: Readonly<Record<LayoutName, AnyLayout>> = { coco, refcoco, dense, gqa };
const WRITE = "data.world.write";

/**
 * Writes a split of crowds as a data set in the layout of a real one. The same options give the same bytes.
 *
 * Several splits of one layout may share a folder. A split is complete when its `world_<split>.json` exists, which is
 * written last. Until then its files are in a hidden folder, and an interrupted call continues where it stopped. A
 * complete split of the same options is left unchanged.
 *
 * @returns the specification that was written or found
 * @throws WorldError for an option out of range, or a folder that holds something else, cannot be written, or
 *   whose split another call writes
 */
export async function write(dir: string, options: WriteOptions): Promise<WriteSpec> {
  checkArguments("data.world.write", WorldError, { dir }, { dir: "string" });
  const spec = specify(options);
  const target = resolve(dir);
  try {
    await checkTarget(target, spec);
    if (!isComplete(target, spec)) await writeSplit(target, spec, options);
  } catch (error) {
    const failure = fileError(WRITE, error, target);
    if (!(failure instanceof FileError)) throw error;
    throw new WorldError(WRITE, `the folder must be one that can be written (${failure.code})`, failure.path);
  }
  return spec;
}

const NAMES: OptionNames<WriteOptions> = {
  layout: true,
  split: true,
  count: true,
  seed: true,
  size: true,
  parts: true,
  objects: true,
  onProgress: true,
  signal: true,
};

function specify(options: WriteOptions): WriteSpec {
  checkOptionNames(WRITE, options, NAMES, WorldError);
  const {
    layout,
    split = "train",
    count = 1000,
    seed = 0,
    size = 128,
    parts = false,
    objects = MOST_OBJECTS,
  } = options;
  checkOneOf("layout", layout, layoutNames);
  checkOneOf("split", split, splits);
  checkInteger("count", count, 1, MOST_IMAGES);
  checkInteger("seed", seed, 0, 9999);
  checkInteger("size", size, 32, 512);
  checkInteger("objects", objects, 1, MOST_OBJECTS);
  if (parts && layout !== "refcoco")
    throw new WorldError(WRITE, "parts must be left out but for layout refcoco", layout);
  const spec: WriteSpec = { format: 1, layout, split, seed, count, size };
  // Without these options, a folder has the specification that it had before there were any.
  return { ...spec, ...(parts ? { parts } : {}), ...(objects < MOST_OBJECTS ? { objects } : {}) };
}

function checkOneOf(name: string, value: unknown, legal: readonly string[]): void {
  if (legal.includes(value as string)) return;
  throw new WorldError(WRITE, `${name} must be one of ${legal.join(", ")}`, value);
}

function checkInteger(name: string, value: unknown, low: number, high: number): void {
  if (isWhole(value, low) && (value as number) <= high) return;
  throw new WorldError(WRITE, `${name} must be an integer in ${low}..${high}`, value);
}

const markOf = (split: string): string => `world_${split}.json`;
const partOf = (split: string): string => `.world_${split}.part`;

/** Refuses a folder with other content, or with the world in another layout or size. */
async function checkTarget(target: string, { layout, size }: WriteSpec): Promise<void> {
  if (!existsSync(target)) return;
  const found = await readdir(target);
  const marks = splits.map(markOf).filter((name) => found.includes(name));
  const isOurs = marks.length > 0 || splits.some((split) => found.includes(partOf(split)));
  if (found.length > 0 && !isOurs)
    throw new WorldError(WRITE, "the folder must be new, empty or one that world.write made", target);
  for (const mark of marks) {
    const other = readJson(join(target, mark));
    if (other.layout !== layout || other.size !== size) {
      const rule = `the folder holds layout ${other.layout} of ${other.size} pixels, one folder holds one kind`;
      throw new WorldError(WRITE, rule, `layout ${layout} of ${size} pixels`);
    }
  }
}

function readJson(path: string): Partial<WriteSpec> {
  try {
    return parseJson(readFileSync(path, "utf8")) as Partial<WriteSpec>;
  } catch {
    return {};
  }
}

function isComplete(target: string, spec: WriteSpec): boolean {
  const mark = join(target, markOf(spec.split));
  if (!existsSync(mark)) return false;
  if (JSON.stringify(readJson(mark)) === JSON.stringify(spec)) return true;
  throw new WorldError(WRITE, `the split ${spec.split} was written with other options; choose another folder`, target);
}

async function writeSplit(target: string, spec: WriteSpec, options: WriteOptions): Promise<void> {
  const work = join(target, partOf(spec.split));
  await mkdir(work, { recursive: true });
  const busy = (who: string): Error =>
    new WorldError(WRITE, `the split ${spec.split} must be written by one call at a time, ${who} writes it`, target);
  const release = await lockFolder(work, busy);
  try {
    await fill(work, target, spec, options);
  } finally {
    await release();
  }
}

/** Draws what is missing in the hidden folder, and moves all of it to its place. */
async function fill(work: string, target: string, spec: WriteSpec, options: WriteOptions): Promise<void> {
  const lines = await takeUp(work, spec);
  const layout = LAYOUTS[spec.layout];
  const { onProgress = patientBar("Drawing", "pictures") } = options;
  for (let index = lines.length; index < spec.count; index++) {
    options.signal?.throwIfAborted();
    lines.push(await writePicture(work, spec, layout, index));
    onProgress({ done: index + 1, total: spec.count });
  }
  const records = lines.map((line) => JSON.parse(line) as object);
  for (const [path, content] of layout.documents(records, spec)) await put(work, path, content);
  await moveAll(join(work, FILES), join(work, FILES), target);
  await writeFile(join(work, markOf(spec.split)), jsonOf(spec));
  await rename(join(work, markOf(spec.split)), join(target, markOf(spec.split)));
  await rm(work, { recursive: true });
}

const [FILES, RECORDS] = ["files", "records.jsonl"];

/**
 * Returns the records of the images finished by an earlier call of the same options; a truncated last line is dropped.
 */
async function takeUp(work: string, spec: WriteSpec): Promise<string[]> {
  const mark = join(work, `spec-${sha256Of(JSON.stringify(spec)).slice(0, 16)}`);
  if (!existsSync(mark)) {
    const left = (await readdir(work)).filter((name) => name !== LOCK);
    for (const name of left) await rm(join(work, name), { recursive: true, force: true });
    await mkdir(join(work, FILES), { recursive: true });
    await writeFile(mark, "");
  }
  const path = join(work, RECORDS);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  await truncate(path, new TextEncoder().encode(whole).length);
  return whole.split("\n").slice(0, -1);
}

/** Writes the files of an image, then its record, which confirms them. */
async function writePicture(work: string, spec: WriteSpec, layout: AnyLayout, index: number): Promise<string> {
  const picture = drawPicture(spec, index);
  for (const [path, content] of await layout.files(picture, spec)) await put(work, path, content);
  const line = JSON.stringify(layout.record(picture, spec));
  await appendFile(join(work, RECORDS), `${line}\n`);
  return line;
}

async function put(work: string, path: string, content: Uint8Array | string): Promise<void> {
  const file = join(work, FILES, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

async function moveAll(root: string, folder: string, target: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const from = join(folder, entry.name);
    if (entry.isDirectory()) {
      await moveAll(root, from, target);
      continue;
    }
    const to = join(target, relative(root, from));
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  }
}
