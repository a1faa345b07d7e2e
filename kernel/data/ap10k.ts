/** Reading of AP-10K's pairs for semantic correspondence. */

import { basename, join } from "../platform/path";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { RuleError } from "../rules/rule-error";
import { checkCategories, Disk, type Json, numbers } from "./annotation-files";
import type { SpairFlags, SpairPair, SpairView } from "./spair";

/** Pairs within a species, of two species of a family, or of two families. */
export type Ap10kSubset = "intra-species" | "cross-species" | "cross-family";

/** Options of {@link read}. */
export interface Ap10kReadOptions {
  /** Split to read. Default `"test"`. */
  readonly split?: "trn" | "val" | "test";
  /** Kind of the pairs; only `intra-species` for training. Default `"intra-species"`. */
  readonly subset?: Ap10kSubset;
  /** Species, families across species, or `all` across families. Default: all. */
  readonly categories?: readonly string[];
  /** Most pairs to read, evenly spread. Default: all. */
  readonly limit?: number;
}

/** Pairs of AP-10K, in the form of `data.spair.read`. */
export interface Ap10kDataset {
  /** Absolute path of the data set. */
  readonly root: string;
  readonly pairs: readonly SpairPair[];
  /** Categories that occur, sorted. */
  readonly categories: readonly string[];
}

const FN = "data.ap10k.read";
const NAMES: OptionNames<Ap10kReadOptions> = { split: true, subset: true, categories: true, limit: true };
const SUFFIX: Readonly<Record<Ap10kSubset, string>> = {
  "intra-species": "",
  "cross-species": "_cross_species",
  "cross-family": "_cross_family",
};
const NO_FLAGS: SpairFlags = {
  mirror: null,
  viewpointVariation: null,
  scaleVariation: null,
  truncation: null,
  occlusion: null,
};

/**
 * Reads pairs of animals in the layout that GeoAware-SC made of AP-10K (arXiv 2311.17034, section 4): pairs in
 * `PairAnnotation/<split>[_cross_species|_cross_family]`, each with the paths of two files of `ImageAnnotation/<family>/<species>`, which
 * hold size, box and 17 keypoints; pictures lie at the same place in `JPEGImages`. Keypoints with visibility above 0 count. The pairs go
 * into `law.cScore` as those of `data.spair.read` do.
 *
 * @throws SpairError for a missing or malformed file, or a path that leads out of `dir`
 * @throws RuleError for a bad option
 */
export function read(dir: string, options: Ap10kReadOptions = {}): Ap10kDataset {
  checkOptionNames(FN, options, NAMES, RuleError);
  const { split = "test", subset = "intra-species", categories, limit = Infinity } = options;
  if (!["trn", "val", "test"].includes(split)) throw new RuleError(FN, "split must be trn, val or test", split);
  if (!Object.hasOwn(SUFFIX, subset))
    throw new RuleError(FN, `subset must be ${Object.keys(SUFFIX).join(", ")}`, subset);
  if (!(limit >= 1) || (limit !== Infinity && !Number.isInteger(limit)))
    throw new RuleError(FN, "limit must be a whole number above 0", limit);
  checkCategories(FN, categories);
  const disk = new Disk(dir, FN);
  const folder = `PairAnnotation/${split}${SUFFIX[subset]}`;
  if (!disk.has(folder)) throw disk.failure(folder, "", "the folder must exist", undefined);
  const files = disk.list(folder).filter((name) => name.endsWith(".json"));
  const all = files.map((name) => readPair(disk, `${folder}/${name}`, subset));
  const wanted = all.filter(({ category }) => categories?.includes(category) ?? true);
  const count = Math.min(limit, wanted.length);
  const pairs = Array.from({ length: count }, (_, i) => wanted[Math.floor((i * wanted.length) / count)]);
  return { root: disk.root, pairs, categories: [...new Set(pairs.map(({ category }) => category))].sort() };
}

/** Place of a file of `ImageAnnotation`. */
interface Place {
  family: string;
  species: string;
  name: string;
}

function readPair(disk: Disk, file: string, subset: Ap10kSubset): SpairPair {
  const pair = disk.json(file);
  const [from, to] = (["src", "trg"] as const).map((side) => placeOf(disk, pair, file, `${side}_json_path`));
  const [source, target] = [from, to].map((place) => readView(disk, place));
  const keypointIds = Object.keys(source.keypoints).filter((id) => source.keypoints[id] && target.keypoints[id]);
  const category = { "intra-species": from.species, "cross-species": from.family, "cross-family": "all" }[subset];
  const id = basename(file, ".json").replace(/:[^:]*$/, "");
  return { id, category, source, target, keypointIds, flags: NO_FLAGS };
}

/** The path begins where the release lay, such as `data/ap-10k/`; what counts is the part from `ImageAnnotation` on. */
function placeOf(disk: Disk, pair: Json, file: string, key: string): Place {
  const path = pair[key];
  const match =
    typeof path === "string"
      ? /(?:^|[\\/])ImageAnnotation[\\/]([^\\/]+)[\\/]([^\\/]+)[\\/]([^\\/]+)\.json$/.exec(path)
      : null;
  if (match && match.slice(1).every((part) => part !== "." && part !== ".." && !part.includes("\0")))
    return { family: match[1], species: match[2], name: match[3] };
  throw disk.failure(file, key, "must be a path ImageAnnotation/<family>/<species>/<name>.json", path);
}

function readView(disk: Disk, { family, species, name }: Place): SpairView {
  const file = `ImageAnnotation/${family}/${species}/${name}.json`;
  const image = disk.image(file);
  const size = [image["width"], image["height"]];
  const [width, height] = numbers(size, "width and height", file, 2, FN);
  const [left, top, wide, high] = numbers(image["bbox"], "bbox", file, 4, FN);
  if (!(width > 0 && height > 0)) throw disk.failure(file, "width and height", "must be positive", size);
  if (!(wide > 0 && high > 0))
    throw disk.failure(file, "bbox", "must be [left, top, width, height] above 0", image["bbox"]);
  return {
    name,
    path: join(disk.root, "JPEGImages", family, species, `${name}.jpg`),
    size: [width, height],
    box: [left, top, left + wide, top + high],
    keypoints: readKeypoints(disk, image["keypoints"], file, [width, height]),
  };
}

/** Triples x, y, visibility in one list, under the ids 0, 1, …. One that is seen lies in the picture, or a pixel beyond by rounding. */
function readKeypoints(
  disk: Disk,
  value: unknown,
  file: string,
  [width, height]: readonly [number, number],
): Record<string, readonly [number, number] | null> {
  const list = numbers(value, "keypoints", file, 3, FN);
  if (list.length % 3) throw disk.failure(file, "keypoints", "must be triples of x, y and visibility", list.length);
  const points = Array.from({ length: list.length / 3 }, (_, i) => {
    const [x, y, seen] = list.slice(3 * i, 3 * i + 3);
    if (seen > 0 && !(x >= -1 && y >= -1 && x <= width + 1 && y <= height + 1))
      throw disk.failure(file, "keypoints", `must lie in the picture of ${width} x ${height}`, [x, y]);
    return [String(i), seen > 0 ? ([x, y] as const) : null] as const;
  });
  return Object.fromEntries(points);
}
