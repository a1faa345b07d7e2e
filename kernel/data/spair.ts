/** Reading of data sets in SPair-71k's layout. */

import { describe, described, type DisplayBundle, thousands } from "../display/describe";
import { basename, join } from "../platform/path";
import { isRecord } from "../rules/json-text";
import { RuleError, isWhole } from "../rules/rule-error";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { checkCategories, Disk, isPlainName, type Json, numbers, plainName, SpairError } from "./annotation-files";

export { SpairError } from "./annotation-files";

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
  /**
   * Source of the keypoints: the two files of `ImageAnnotation`, or `src_kps` and `trg_kps` of the pair's file, as in SPair-U, which has
   * other keypoints on the same pictures (arXiv 2506.08220). Default `"images"`.
   */
  readonly keypoints?: "images" | "pairs";
  /** Handling of a pair with broken files. Default `"throw"`. */
  readonly malformed?: "throw" | "skip";
}

/**
 * Reads the pairs of a data set in the layout of SPair-71k (Min et al., 2019).
 * Keypoints come from the two `ImageAnnotation` files, sizes and boxes from the pair file. Pair files may be named with
 * `:` or `_` before the category; the category is taken from the file's content. Names that lead out of `dir` are
 * refused.
 *
 * @throws SpairError for a missing or malformed file, unless `malformed` is `"skip"`; RuleError for a bad option.
 */
export function read(dir: string, options: SpairReadOptions = {}): SpairDataset {
  checkOptionNames("data.spair.read", options, NAMES, RuleError);
  const split = checkSplit(options.split ?? "test");
  const { keypoints = "images" } = options;
  if (keypoints !== "images" && keypoints !== "pairs")
    throw new RuleError("data.spair.read", "keypoints must be images or pairs", keypoints);
  checkCategories("data.spair.read", options.categories);
  const disk = new Disk(dir);
  const problems: SpairError[] = [];
  const pairs: SpairPair[] = [];
  for (const file of spread(pairFiles(disk, split, options), options)) {
    try {
      const pair = readPair(disk, file, keypoints);
      if (!options.categories || options.categories.includes(pair.category)) pairs.push(pair);
    } catch (error) {
      if (!(error instanceof SpairError) || options.malformed !== "skip") throw error;
      problems.push(error);
    }
  }
  const categories = [...new Set(pairs.map((pair) => pair.category))].sort();
  return described<SpairDataset>({ root: disk.root, split, pairs, categories, problems }, showDataset);
}

function showDataset({ root, split, pairs, categories, problems }: SpairDataset): DisplayBundle {
  return describe(`Pairs in ${root}`, [
    ["split", split],
    ["pairs", thousands(pairs.length)],
    ["categories", `${categories.length}: ${categories.join(", ")}`],
    ["left out", problems.length === 0 ? "none" : `${problems.length}: ${problems[0].message}`],
  ]);
}

const NAMES: OptionNames<SpairReadOptions> = {
  split: true,
  layout: true,
  categories: true,
  limit: true,
  keypoints: true,
  malformed: true,
};

function checkSplit(split: string): SpairSplit {
  if (split === "train") return "trn";
  if (split === "trn" || split === "val" || split === "test") return split;
  throw new RuleError("data.spair.read", "split must be trn, val or test", split);
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
  if (!isWhole(limit)) throw new RuleError("data.spair.read", "limit must be a positive integer", limit);
  const named = categories ? files.filter((file) => categories.some((name) => file.endsWith(`${name}.json`))) : files;
  const count = Math.min(limit, named.length);
  return Array.from({ length: count }, (_, i) => named[Math.floor((i * named.length) / count)] as string);
}

function readPair(disk: Disk, file: string, keypoints: "images" | "pairs"): SpairPair {
  const pair = disk.json(file);
  const category = plainName(pair, "category", file);
  const source = readView(disk, pair, file, { category, side: "src", keypoints });
  const target = readView(disk, pair, file, { category, side: "trg", keypoints });
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

interface Side {
  category: string;
  side: "src" | "trg";
  keypoints: "images" | "pairs";
}

function readView(disk: Disk, pair: Json, file: string, { category, side, keypoints }: Side): SpairView {
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
    keypoints:
      keypoints === "images" ? readKeypoints(disk.image(annotation), annotation) : ownKeypoints(pair, file, side),
  };
}

function readKeypoints(image: Json, file: string): Record<string, readonly [number, number] | null> {
  const kps = image["kps"];
  if (!isRecord(kps)) throw new SpairError(file, "kps", "must be an object of keypoints by id", kps);
  const out: Record<string, readonly [number, number] | null> = {};
  for (const [id, value] of Object.entries(kps)) {
    if (!/^\d+$/.test(id)) throw new SpairError(file, "kps", "must have integer ids", id);
    const point = value === null ? null : numbers(value, `kps.${id}`, file, 2);
    out[id] = point && [point[0] as number, point[1] as number];
  }
  return out;
}

/** Keypoints of a pair's file, under its ids; all of them are visible. */
function ownKeypoints(pair: Json, file: string, side: "src" | "trg"): Record<string, readonly [number, number]> {
  const [ids, points] = [pair["kps_ids"], pair[`${side}_kps`]];
  checkIds(ids, file);
  if (!Array.isArray(ids) || !Array.isArray(points) || points.length !== ids.length)
    throw new SpairError(file, `${side}_kps`, "must have a point for each of kps_ids", points);
  const found = ids.map((id, i) => {
    const [x, y] = numbers(points[i], `${side}_kps[${i}]`, file, 2);
    return [String(id), [x, y] as const] as const;
  });
  return Object.fromEntries(found);
}

function checkIds(value: unknown, file: string): void {
  if (value === undefined) return;
  const legal = Array.isArray(value) && value.every((id) => /^\d+$/.test(String(id)));
  if (!legal) throw new SpairError(file, "kps_ids", "must be a list of integers or strings of digits", value);
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
