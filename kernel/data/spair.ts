/** Reading of data sets in SPair-71k's layout. */

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "../platform/files";
import { platform } from "../platform";
import { basename, join, relative, resolve } from "../platform/path";
import { describeValue, RuleError } from "../rule-error";
import { checkOptionNames, type OptionNames } from "../option-names";

/** Names of the splits on disk. */
export type SpairSplit = "trn" | "val" | "test";

/** One image of a pair. */
export interface SpairView {
  /** File name without its extension. */
  readonly name: string;
  /** Absolute path of the JPEG file. */
  readonly path: string;
  /** Pixels, [width, height]. */
  readonly size: readonly [number, number];
  /** [x1, y1, x2, y2] in pixels. */
  readonly box: readonly [number, number, number, number];
  /** Positions by keypoint id; null for a hidden or absent keypoint. */
  readonly keypoints: Readonly<Record<string, readonly [number, number] | null>>;
}

/** SPair's difficulty flags; null where the file has no value. */
export interface SpairFlags {
  readonly mirror: number | null;
  readonly viewpointVariation: number | null;
  readonly scaleVariation: number | null;
  readonly truncation: number | null;
  readonly occlusion: number | null;
}

/** A pair of images of one category. */
export interface SpairPair {
  /** Name of the pair, without its category. */
  readonly id: string;
  readonly category: string;
  readonly source: SpairView;
  readonly target: SpairView;
  /** Ids visible in both images, in numeric order; may be empty. */
  readonly keypointIds: readonly string[];
  readonly flags: SpairFlags;
}

/** A split of a data set in SPair-71k's layout. */
export interface SpairDataset {
  /** Absolute path of the data set. */
  readonly root: string;
  readonly split: SpairSplit;
  readonly pairs: readonly SpairPair[];
  /** Categories that occur, sorted. */
  readonly categories: readonly string[];
  /** Pairs omitted with `malformed: "skip"`. */
  readonly problems: readonly SpairError[];
}

/** Options of {@link read}. */
export interface SpairReadOptions {
  /** Split to read; `"train"` means `"trn"`. Default `"test"`. */
  readonly split?: SpairSplit | "train";
  /** List of pairs to read, where the data set has lists. Default `"large"`. */
  readonly layout?: "large" | "small";
  /** Categories to read. Default: all. */
  readonly categories?: readonly string[];
  /** Most pairs to read, evenly spread over the split. Default: all. */
  readonly limit?: number;
  /** Handling of a pair with broken files. Default `"throw"`. */
  readonly malformed?: "throw" | "skip";
}

/** Error for a file that does not follow SPair-71k's layout. */
export class SpairError extends RuleError {
  override readonly name = "SpairError";

  /**
   * @param file path relative to the root of the data set
   * @param key the offending key in the file, or `""`
   * @param rule the broken rule
   * @param value the value received
   */
  constructor(
    readonly file: string,
    readonly key: string,
    rule: string,
    readonly value: unknown,
  ) {
    super("spair.read", key ? `${key} ${rule}` : rule, value);
    this.message = `spair.read: ${this.rule}, received ${show(value)} (${file})`;
  }
}

const show = (value: unknown): string => (value === undefined ? "nothing" : describeValue(value));

/**
 * Reads the pairs of a data set in the layout of SPair-71k (Min et al., 2019).
 * Keypoints come from the two `ImageAnnotation` files, sizes and boxes from the pair file. Pair files may be named with
 * `:` or `_` before the category; the category is taken from the file's content. Names that lead out of `dir` are
 * refused.
 *
 * @throws SpairError for a missing or malformed file, unless `malformed` is `"skip"`; RangeError for a bad option.
 */
export function read(dir: string, options: SpairReadOptions = {}): SpairDataset {
  checkOptionNames("spair.read", options, NAMES, RuleError);
  const split = checkSplit(options.split ?? "test");
  const disk = new Disk(dir);
  const problems: SpairError[] = [];
  const pairs: SpairPair[] = [];
  for (const file of spread(pairFiles(disk, split, options), options)) {
    try {
      const pair = readPair(disk, file);
      if (!options.categories || options.categories.includes(pair.category)) pairs.push(pair);
    } catch (error) {
      if (!(error instanceof SpairError) || options.malformed !== "skip") throw error;
      problems.push(error);
    }
  }
  const categories = [...new Set(pairs.map((pair) => pair.category))].sort();
  return { root: disk.root, split, pairs, categories, problems };
}

const NAMES: OptionNames<SpairReadOptions> = {
  split: true,
  layout: true,
  categories: true,
  limit: true,
  malformed: true,
};

function checkSplit(split: string): SpairSplit {
  if (split === "train") return "trn";
  if (split === "trn" || split === "val" || split === "test") return split;
  throw new RangeError(`spair.read: split must be trn, val or test, received ${show(split)}`);
}

type Json = Readonly<Record<string, unknown>>;

/** Files below the root; image annotations are cached. */
class Disk {
  readonly root: string;
  private readonly real: string;
  private readonly images = new Map<string, Json>();

  constructor(dir: string) {
    this.root = resolve(dir);
    if (!existsSync(this.root)) throw new SpairError(".", "", "the folder of the data set must exist", this.root);
    this.real = realpathSync(this.root);
  }

  /** Returns the relative path of a file, with forward slashes. */
  locate(...names: readonly string[]): string {
    return names.join("/");
  }

  has(file: string): boolean {
    return existsSync(join(this.root, file));
  }

  list(folder: string): string[] {
    const path = join(this.root, folder);
    if (!statSync(path).isDirectory()) throw new SpairError(folder, "", "must be a folder", "a file");
    return readdirSync(path).sort();
  }

  text(file: string): string {
    const path = join(this.root, file);
    if (!existsSync(path)) throw new SpairError(file, "", "the file must exist", undefined);
    const inside = relative(this.real, realpathSync(path));
    if (inside === ".." || inside.startsWith(`..${platform().path.sep}`)) {
      throw new SpairError(file, "", "the file must lie inside the data set", inside);
    }
    if (!statSync(path).isFile()) throw new SpairError(file, "", "must be a file", "a folder or device");
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  }

  json(file: string): Json {
    const text = this.text(file);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new SpairError(file, "", `the file must be JSON (${(error as Error).message})`, text.slice(0, 40));
    }
    if (isJson(value)) return value;
    throw new SpairError(file, "", "the file must hold a JSON object", value);
  }

  image(file: string): Json {
    const known = this.images.get(file);
    if (known) return known;
    const read = this.json(file);
    this.images.set(file, read);
    return read;
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pairFiles(disk: Disk, split: SpairSplit, options: SpairReadOptions): string[] {
  const folder = disk.locate("PairAnnotation", split);
  const list = disk.locate("Layout", options.layout ?? "large", `${split}.txt`);
  if (!disk.has(list)) {
    if (!disk.has(folder)) throw new SpairError(folder, "", "the folder must exist", undefined);
    return disk
      .list(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => disk.locate(folder, file));
  }
  const lines = disk
    .text(list)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const name = line.trim();
    if (!isPlainName(name)) throw new SpairError(list, "", "each line must be the name of a pair", line);
    const colon = disk.locate(folder, `${name}.json`);
    return disk.has(colon) ? colon : disk.locate(folder, `${name.replace(/:([^:]*)$/, "_$1")}.json`);
  });
}

/**
 * Returns every k-th file, so that a limited read meets all categories; with `categories`, only files named after one
 * of them.
 */
function spread(files: string[], { limit, categories }: SpairReadOptions): string[] {
  if (limit === undefined) return files;
  if (!Number.isInteger(limit) || limit < 1)
    throw new RangeError(`spair.read: limit must be a positive integer, received ${limit}`);
  const named = categories ? files.filter((file) => categories.some((name) => file.endsWith(`${name}.json`))) : files;
  const count = Math.min(limit, named.length);
  return Array.from({ length: count }, (_, i) => named[Math.floor((i * named.length) / count)] as string);
}

function readPair(disk: Disk, file: string): SpairPair {
  const pair = disk.json(file);
  const category = plainName(pair, "category", file);
  const source = readView(disk, pair, file, category, "src");
  const target = readView(disk, pair, file, category, "trg");
  checkIds(pair["kps_ids"], file);
  const keypointIds = Object.keys(source.keypoints)
    .filter((id) => source.keypoints[id] && target.keypoints[id])
    .sort((a, b) => Number(a) - Number(b));
  return {
    id: basename(file, ".json").replace(/[:_][^:_]*$/, ""),
    category,
    source,
    target,
    keypointIds,
    flags: readFlags(pair, file),
  };
}

function readView(disk: Disk, pair: Json, file: string, category: string, side: "src" | "trg"): SpairView {
  const image = plainName(pair, `${side}_imname`, file);
  const name = image.replace(/\.[^.]*$/, "");
  const annotation = disk.locate("ImageAnnotation", category, `${name}.json`);
  const size = numbers(pair[`${side}_imsize`], `${side}_imsize`, file, 2);
  const box = numbers(pair[`${side}_bndbox`], `${side}_bndbox`, file, 4) as [number, number, number, number];
  if (!((size[0] as number) > 0 && (size[1] as number) > 0))
    throw new SpairError(file, `${side}_imsize`, "must be positive", size);
  if (box[2] <= box[0] || box[3] <= box[1])
    throw new SpairError(file, `${side}_bndbox`, "must be [x1, y1, x2, y2] with x1 < x2 and y1 < y2", box);
  return {
    name,
    path: join(disk.root, "JPEGImages", category, image),
    size: [size[0] as number, size[1] as number],
    box: [box[0], box[1], box[2], box[3]],
    keypoints: readKeypoints(disk.image(annotation), annotation),
  };
}

function readKeypoints(image: Json, file: string): Record<string, readonly [number, number] | null> {
  const kps = image["kps"];
  if (!isJson(kps)) throw new SpairError(file, "kps", "must be an object of keypoints by id", kps);
  const out: Record<string, readonly [number, number] | null> = {};
  for (const [id, value] of Object.entries(kps)) {
    if (!/^\d+$/.test(id)) throw new SpairError(file, "kps", "must have integer ids", id);
    const point = value === null ? null : numbers(value, `kps.${id}`, file, 2);
    out[id] = point && [point[0] as number, point[1] as number];
  }
  return out;
}

/** Checks for at least `count` finite numbers. */
function numbers(value: unknown, key: string, file: string, count: number): number[] {
  if (Array.isArray(value) && value.length >= count && value.every((entry) => Number.isFinite(entry)))
    return value as number[];
  throw new SpairError(file, key, `must be a list of ${count} or more finite numbers`, value);
}

function checkIds(value: unknown, file: string): void {
  if (value === undefined) return;
  const legal = Array.isArray(value) && value.every((id) => /^\d+$/.test(String(id)));
  if (!legal) throw new SpairError(file, "kps_ids", "must be a list of integers or strings of digits", value);
}

function plainName(json: Json, key: string, file: string): string {
  const value = json[key];
  if (typeof value === "string" && isPlainName(value)) return value;
  throw new SpairError(file, key, "must be a plain file name", value);
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
}

function readFlags(pair: Json, file: string): SpairFlags {
  const flag = (key: string): number | null => {
    const value = pair[key];
    if (value === undefined || value === null) return null;
    if (typeof value === "number" || typeof value === "boolean") return Number(value);
    throw new SpairError(file, key, "must be a number", value);
  };
  return {
    mirror: flag("mirror"),
    viewpointVariation: flag("viewpoint_variation"),
    scaleVariation: flag("scale_variation"),
    truncation: flag("truncation"),
    occlusion: flag("occlusion"),
  };
}
