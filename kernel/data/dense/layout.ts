import { checkArguments } from "../../rules/arguments";
import { existsSync, readFileSync, statSync } from "../../platform/files";
import { join, resolve } from "../../platform/path";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { decodeImage, type RawImage } from "../image";
import { DenseError } from "./error";
import { MAP_ENDINGS, readMap } from "./map";
import { type DenseTask, TASKS } from "./tasks";
import { type DenseValues, labelOf, type ValueOptions } from "./values";
import { isWhole } from "../../rules/rule-error";

/** Options of {@link read}. */
export interface DenseReadOptions extends Pick<ValueOptions, "depthScale"> {
  /** List of pictures to read: `gt_sets/<split>.txt` or the file of another layout. Default `train`. */
  split?: string;
  /** Tasks to read. Default: all whose folder exists. */
  tasks?: readonly DenseTask[];
  /** Numbers of classes by task; a label outside them is refused. Default: any number. */
  classes?: Readonly<Partial<Record<DenseTask, number>>>;
  /** Stored values of the first class by task. NYUv2's segmentation has 1, because its 0 is unlabelled. Default 0. */
  firstClass?: Readonly<Partial<Record<DenseTask, number>>>;
  /** Treatment of a picture without a label of a task: refuse it, or leave that label out. Default `throw`. */
  missing?: "throw" | "omit";
  /** Most pictures to read, the first of the list. Default: all. */
  limit?: number;
}

/** A picture with its labels. */
export interface DenseSample {
  readonly name: string;
  readonly image: RawImage;
  /** Labels by task, of the picture's size. */
  readonly labels: Readonly<Partial<Record<DenseTask, DenseValues>>>;
}

/** A split of a data set of dense labels. Pictures are decoded when they are asked for. */
export interface DenseDataset {
  /** Absolute path. */
  readonly root: string;
  readonly split: string;
  readonly tasks: readonly DenseTask[];
  readonly names: readonly string[];
  /**
   * Reads a picture and its labels.
   *
   * @throws DenseError for a file that is missing, damaged, of another size or outside the classes
   */
  sample(index: number): Promise<DenseSample>;
}

const FN = "data.dense.read";
const NAMES: OptionNames<DenseReadOptions> = {
  split: true,
  tasks: true,
  classes: true,
  firstClass: true,
  missing: true,
  limit: true,
  depthScale: true,
};

/** Folders of each task: as in multi-task NYUv2, then as in multi-task PASCAL-Context. */
const FOLDERS: Readonly<Record<DenseTask, readonly string[]>> = {
  semseg: ["segmentation", "semseg"],
  parts: ["parts", "human_parts"],
  saliency: ["saliency", "sal_distill"],
  normals: ["normals", "normals_distill"],
  boundary: ["edge", "edges"],
  depth: ["depth"],
};
const IMAGES = ["images", "JPEGImages"];
const IMAGE_ENDINGS = [".jpg", ".jpeg", ".png"];
const LISTS = ["gt_sets", "ImageSets/Context", "ImageSets"];

/**
 * Reads a split in the layout of multi-task NYUv2 (`images`, `segmentation`, `edge`, `normals`, `depth`, `gt_sets`) or of multi-task
 * PASCAL-Context (`JPEGImages`, `semseg`, `human_parts`, `sal_distill`, `normals_distill`, `ImageSets`), as repositories of multi-task
 * learning write them and `data.world.write` does. Maps are PNG files, whose palettes are ignored, or arrays of NumPy.
 *
 * @throws DenseError for a missing folder or list, a name that leads elsewhere, or a task without data
 */
export function read(dir: string, options: DenseReadOptions = {}): DenseDataset {
  checkArguments(FN, DenseOptionError, { dir }, { dir: "string" });
  checkOptionNames(FN, options, NAMES, DenseOptionError);
  const root = resolve(dir);
  if (!isFolder(root)) throw new DenseError(FN, root, "the folder of the data set must exist", undefined);
  const { split = "train" } = options;
  const images = folderOf(root, IMAGES);
  if (!images) throw new DenseError(FN, root, `the data set must hold pictures in ${IMAGES.join(" or ")}`, undefined);
  const folders = taskFolders(root, options.tasks);
  const names = listOf(root, split, options.limit);
  const sample = async (index: number): Promise<DenseSample> => {
    if (!Object.hasOwn(names, index)) throw new DenseError(FN, root, `pictures are 0..${names.length - 1}`, index);
    return readSample(names[index], images, folders, options);
  };
  return { root, split, tasks: [...folders.keys()], names, sample };
}

/** Error for an option of the reader. */
class DenseOptionError extends DenseError {
  constructor(where: string, rule: string, received: unknown) {
    super(where, "options", rule, received);
  }
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

function folderOf(root: string, names: readonly string[]): string | undefined {
  return names.map((name) => join(root, name)).find(isFolder);
}

function taskFolders(root: string, wanted: readonly DenseTask[] | undefined): Map<DenseTask, string> {
  const folders = new Map<DenseTask, string>();
  for (const task of wanted ?? TASKS) {
    if (!Object.hasOwn(FOLDERS, task)) throw new DenseError(FN, root, `tasks are ${TASKS.join(", ")}`, task);
    const folder = folderOf(root, FOLDERS[task]);
    if (folder) folders.set(task, folder);
    else if (wanted)
      throw new DenseError(FN, root, `${task} must have a folder ${FOLDERS[task].join(" or ")}`, undefined);
  }
  if (folders.size > 0) return folders;
  throw new DenseError(FN, root, "the data set must have a task with labels", wanted ?? "none");
}

function listOf(root: string, split: string, limit: number | undefined): string[] {
  if (!isPlain(split)) throw new DenseError(FN, root, "a split must be the name of a list", split);
  const file = LISTS.map((folder) => join(root, folder, `${split}.txt`)).find((path) => existsSync(path));
  if (!file) throw new DenseError(FN, root, `the data set must have a list ${LISTS[0]}/${split}.txt`, undefined);
  const lines = readFileSync(file, "utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== "");
  const stray = names.find((name) => !isPlain(name));
  if (stray !== undefined) throw new DenseError(FN, file, "each line must be the name of a picture", stray);
  if (names.length === 0) throw new DenseError(FN, file, "the list must name pictures", "none");
  if (limit !== undefined && !isWhole(limit))
    throw new DenseError(FN, file, "limit must be a whole number of at least 1", limit);
  return names.slice(0, limit);
}

/** Tests for a name without a way out of its folder. */
const isPlain = (name: string): boolean => /^[^/\\\0]+$/.test(name) && name !== "." && name !== "..";

function fileOf(folder: string, name: string, endings: readonly string[]): string | undefined {
  return endings.map((ending) => join(folder, `${name}${ending}`)).find((path) => existsSync(path));
}

async function readSample(
  name: string,
  images: string,
  folders: ReadonlyMap<DenseTask, string>,
  options: DenseReadOptions,
): Promise<DenseSample> {
  const file = fileOf(images, name, IMAGE_ENDINGS);
  if (!file) throw new DenseError(FN, images, "every name of the list must have a picture", name);
  const image = await decodeImage(file, { fn: FN });
  const labels: Partial<Record<DenseTask, DenseValues>> = {};
  for (const [task, folder] of folders) {
    const map = fileOf(folder, name, MAP_ENDINGS);
    if (map) labels[task] = await readLabel(task, map, image, options);
    else if (options.missing !== "omit")
      throw new DenseError(FN, folder, `every picture must have a label of ${task}`, name);
  }
  return { name, image, labels };
}

async function readLabel(
  task: DenseTask,
  file: string,
  { width, height }: RawImage,
  { classes, firstClass, depthScale }: DenseReadOptions,
): Promise<DenseValues> {
  const own = { classes: classes?.[task], firstClass: firstClass?.[task], depthScale };
  const label = labelOf(FN, task, await readMap(FN, file), own);
  if (label.width === width && label.height === height) return label;
  throw new DenseError(FN, file, `the label must be of the picture's size, ${width} x ${height}`, [
    label.width,
    label.height,
  ]);
}
