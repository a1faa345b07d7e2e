import { checkArguments } from "../../../rules/arguments";
import { platform, sha256Of } from "../../../platform";
import type { SystemError } from "../../../platform/types";
import { existsSync, mkdir, readdir, readFileSync, rename, rm, rmdir, writeFile } from "../../../platform/files";
import { dirname, join, resolve } from "../../../platform/path";
import { categories, categoryNamed, type CategoryName } from "../things/categories";
import { Prng } from "../../../numeric/prng";
import { render, type Rendered } from "../draw/render";
import { scene, type Scene, type Split, splits } from "../scenes/scene";
import { imageAnnotation, pairAnnotation, sharedKeypoints } from "./spair-annotation";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { WorldError } from "../errors";
import { parseJson } from "../../../rules/json-text";
import { isWhole } from "../../../rules/rule-error";
import { patientBar } from "../../../display/progress";

/** Options of {@link writeSpair}. */
export interface WriteSpairOptions {
  /** Seed that selects the images of the split. Default 0. */
  readonly seed?: number;
  /** Split to write; `"train"` becomes SPair's `trn`. Default `"test"`. */
  readonly split?: Split;
  /** Number of images of all categories together. Default 20 per category. */
  readonly images?: number;
  /**
   * Number of pairs of all categories together; fewer are written where too few images share keypoints, and the
   * specification says how many. Default 600.
   */
  readonly pairs?: number;
  /** Pixels on a side. Default 128. */
  readonly size?: number;
  /** Categories to write. Default: all categories of the world. */
  readonly categories?: readonly CategoryName[];
  /**
   * Character between a pair's name and its category in a file name. Default `"auto"`: `_` on Windows, where `:` is
   * illegal.
   */
  readonly separator?: ":" | "_" | "auto";
  /** Replace another data set of the world in the same folder. Default false. */
  readonly overwrite?: boolean;
  /** Called after each image with the numbers of written and of all images. Default: a bar in a notebook, after two seconds. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Stops after the current image or pair, and leaves nothing: the promise rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal;
}

/** Specification of a written data set; the content of its `spec.json`. */
export interface SpairSpec {
  readonly format: 1;
  readonly seed: number;
  readonly split: Split;
  readonly images: number;
  /** Number of pairs that were written. */
  readonly pairs: number;
  readonly size: number;
  readonly categories: readonly CategoryName[];
  readonly separator: ":" | "_";
  /** SHA-256 of the other fields. */
  readonly hash: string;
}

interface Picture {
  readonly name: string;
  readonly scene: Scene;
  readonly image: Rendered;
}

/** Quality of the JPEG files. */
const JPEG_QUALITY = 95;
const WRITE = "data.world.writeSpair";
/** Fewest visible keypoints that a pair shares. */
const MIN_SHARED = 3;

/**
 * Writes images and pairs in the layout of SPair-71k, for any program that reads it.
 *
 * `Segmentation/<category>/<name>.png` is 255 on the visible pixels of the object and 0 elsewhere. Keypoints and boxes
 * are in pixels from the left and top edge. Files are written into a folder beside `dir`, which is renamed when
 * complete. An existing data set of the same specification is left unchanged.
 *
 * @returns the specification that was written or found
 * @throws WorldError for an option out of range, or when `dir` holds something else
 */
export async function writeSpair(dir: string, options: WriteSpairOptions = {}): Promise<SpairSpec> {
  checkArguments(WRITE, WorldError, { dir }, { dir: "string" });
  const spec = specify(options);
  const target = resolve(dir);
  const { overwrite = false } = options;
  if (await isWritten(target, spec, overwrite)) return written(spec, storedIn(target).pairs);
  const work = `${target}.part-${platform().uuid()}`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const pairs = await writeAll(work, spec, options);
    if (overwrite && existsSync(target)) await rm(target, { recursive: true });
    await rename(work, target).catch(async (error: unknown) => {
      // Another call may have written the folder meanwhile.
      if (await isWritten(target, spec, overwrite)) return;
      if ((error as SystemError).code !== "ENOTEMPTY") throw error;
      throw new WorldError(WRITE, "the folder must be replaced by one call at a time", target);
    });
    return written(spec, pairs);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Returns the specification with the number of pairs written; its hash is that of what was asked for. */
const written = (spec: SpairSpec, pairs: unknown): SpairSpec => (typeof pairs === "number" ? { ...spec, pairs } : spec);

const NAMES: OptionNames<WriteSpairOptions> = {
  seed: true,
  split: true,
  images: true,
  pairs: true,
  size: true,
  categories: true,
  separator: true,
  overwrite: true,
  onProgress: true,
  signal: true,
};

function specify(options: WriteSpairOptions): SpairSpec {
  checkOptionNames(WRITE, options, NAMES, WorldError);
  const names = options.categories ?? categories.map((spec) => spec.name);
  checkCategories(names);
  const { seed = 0, split = "test", images = names.length * 20, pairs = 600, size = 128 } = options;
  checkCount("seed", seed, 0, 1e6);
  checkCount("images", images, names.length * 2, 1e5);
  checkCount("pairs", pairs, 1, 1e6);
  checkOneOf("split", split, splits);
  checkOneOf("separator", options.separator ?? "auto", ["auto", ":", "_"]);
  const auto = platform().isWindows ? "_" : ":";
  const separator = options.separator === undefined || options.separator === "auto" ? auto : options.separator;
  const rest = { format: 1, seed, split, images, pairs, size, categories: names, separator } as const;
  return { ...rest, hash: sha256Of(JSON.stringify(rest)) };
}

function checkOneOf(name: string, value: unknown, legal: readonly string[]): void {
  if (legal.includes(value as string)) return;
  throw new WorldError(WRITE, `${name} must be one of ${legal.join(", ")}`, value);
}

function checkCategories(names: readonly CategoryName[]): void {
  checkArguments(WRITE, WorldError, { categories: names }, { categories: ["string"] });
  if (names.length === 0 || new Set(names).size < names.length)
    throw new WorldError(WRITE, "categories must name one or more, each once", names);
  for (const name of names) categoryNamed(name, WRITE);
}

function checkCount(name: string, value: number, low: number, high: number): void {
  if (isWhole(value, low) && value <= high) return;
  throw new WorldError(WRITE, `${name} must be an integer in ${low}..${high}`, value);
}

async function isWritten(target: string, spec: SpairSpec, overwrite: boolean): Promise<boolean> {
  if (!existsSync(target)) return false;
  const file = join(target, "spec.json");
  if (existsSync(file)) {
    if (storedIn(target).hash === spec.hash) return true;
    if (overwrite) return false;
    const rule = "the folder holds a data set of another specification; overwrite must be true to replace it";
    throw new WorldError(WRITE, rule, target);
  }
  if ((await readdir(target)).length > 0)
    throw new WorldError(WRITE, "the folder must be new, empty or one that writeSpair wrote", target);
  await rmdir(target);
  return false;
}

/** Reads the specification of a folder; empty where none can be read. */
function storedIn(target: string): { hash?: unknown; pairs?: unknown } {
  try {
    return Object(parseJson(readFileSync(join(target, "spec.json"), "utf8"))) as { hash?: unknown; pairs?: unknown };
  } catch {
    return {};
  }
}

/** Writes everything and returns the number of pairs. */
async function writeAll(
  work: string,
  spec: SpairSpec,
  { onProgress = patientBar("Drawing", "pictures"), signal }: Pick<WriteSpairOptions, "onProgress" | "signal">,
): Promise<number> {
  const folder = spec.split === "train" ? "trn" : spec.split;
  const lines: string[] = [];
  let done = 0;
  await mkdir(join(work, "PairAnnotation", folder), { recursive: true });
  for (const [index, category] of spec.categories.entries()) {
    const pictures: Picture[] = [];
    for (const seed of seedsOf(spec, index)) {
      signal?.throwIfAborted();
      pictures.push(await writePicture(work, drawPicture(spec, category, seed)));
      onProgress({ done: ++done, total: spec.images });
    }
    for (const [source, target] of drawPairs(spec, index, pictures)) {
      signal?.throwIfAborted();
      const id = String(lines.length + 1).padStart(6, "0");
      const line = `${id}-${source.name}-${target.name}:${category}`;
      const file = line.replace(":", spec.separator);
      const annotation = pairAnnotation(line, Number(id), source, target);
      await writeFile(join(work, "PairAnnotation", folder, `${file}.json`), JSON.stringify(annotation));
      lines.push(line);
    }
  }
  await mkdir(join(work, "Layout", "large"), { recursive: true });
  await writeFile(join(work, "Layout", "large", `${folder}.txt`), `${lines.join("\n")}\n`);
  await writeFile(join(work, "spec.json"), JSON.stringify(written(spec, lines.length), null, 2));
  return lines.length;
}

/** Returns the share of `total` for entry `index` of `count`. */
function share(total: number, index: number, count: number): number {
  return Math.floor((total * (index + 1)) / count) - Math.floor((total * index) / count);
}

/** Returns the seeds of a category's images. */
function seedsOf(spec: SpairSpec, index: number): number[] {
  const place = categories.findIndex((known) => known.name === spec.categories[index]);
  const first = spec.seed * 1e7 + (place + 1) * 1e5;
  return Array.from({ length: share(spec.images, index, spec.categories.length) }, (_, k) => first + k);
}

function drawPicture(spec: SpairSpec, category: CategoryName, seed: number): Picture {
  const drawn = scene(seed, { split: spec.split, category, companion: 0.2, size: spec.size });
  return { name: `world_${seed}`, scene: drawn, image: render(drawn) };
}

async function writePicture(work: string, picture: Picture): Promise<Picture> {
  const { name, scene: drawn, image } = picture;
  const { width, height } = image;
  const mask = image.instances.map((id) => (id === 1 ? 255 : 0));
  const { codec } = platform();
  const jpeg = await codec.exactJpeg(image, JPEG_QUALITY);
  const png = await codec.png({ data: mask, width, height, channels: 1 });
  for (const part of ["JPEGImages", "ImageAnnotation", "Segmentation"])
    await mkdir(join(work, part, image.category), { recursive: true });
  await writeFile(join(work, "JPEGImages", image.category, `${name}.jpg`), jpeg);
  await writeFile(join(work, "Segmentation", image.category, `${name}.png`), png);
  const annotation = imageAnnotation(name, drawn, image);
  await writeFile(join(work, "ImageAnnotation", image.category, `${name}.json`), JSON.stringify(annotation));
  return picture;
}

/** Draws ordered pairs of different images, none twice, that share enough keypoints; fewer when there are no more. */
function drawPairs(spec: SpairSpec, index: number, pictures: readonly Picture[]): [Picture, Picture][] {
  const wanted = share(spec.pairs, index, spec.categories.length);
  const all = pictures.flatMap((source) =>
    pictures.filter((target) => target !== source).map((target): [Picture, Picture] => [source, target]),
  );
  const usable = all.filter(([source, target]) => sharedKeypoints(source.image, target.image).length >= MIN_SHARED);
  const random = new Prng(spec.seed, `${spec.split}/pairs ${spec.categories[index]}`);
  for (let i = 0; i < Math.min(wanted, usable.length); i++) {
    const j = i + random.int(usable.length - i);
    [usable[i], usable[j]] = [usable[j] as [Picture, Picture], usable[i] as [Picture, Picture]];
  }
  return usable.slice(0, wanted);
}
