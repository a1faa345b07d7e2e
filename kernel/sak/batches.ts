import { preprocess } from "../encoders/preprocess/batch";
import type { Preprocess } from "../encoders/preprocess/preprocess";
import { type ImageItem, type ImageSource, itemsOf } from "../features/sources";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { batches as inOrder, type BatchOptions, type BatchSource } from "../train/batches/batches";
import type { DistillationBatch } from "./distill";
import { SakError } from "./error";
import { type OpenTeacher, openTeacher, type TeacherInput, type TeacherPicture, type TeacherSource } from "./teachers";

/** Pictures, teachers and order of {@link batches}. */
export interface SakBatchOptions<L = undefined> extends Omit<BatchOptions, "batchSize"> {
  /** Pictures, as for `features.extract`; the teachers' folders must be of the same ones. */
  images: ImageSource;
  /** Preparation of the pictures for the student. */
  preprocess: Preprocess;
  /** Stored or live teachers by the names of the student's paths; none for a stage without distillation. */
  teachers: Readonly<Record<string, TeacherSource>>;
  /**
   * Normalization of the teachers' pixels: `shared` demands the student's mean and deviation, as in the paper's release; with
   * `own` each teacher sees what it was trained on. Default `own`.
   */
  teacherInput?: TeacherInput;
  /** Returns the labels of some pictures, for the stage of tasks. Default: none. */
  labels?: (paths: readonly string[]) => L | Promise<L>;
  /** Pictures in a batch. Default 16. */
  batchSize?: number;
}

/** Batch with the paths of its pictures. */
export interface SakBatch<L> extends DistillationBatch {
  paths: readonly string[];
  labels: L;
}

const FN = "sak.batches";
const NAMES: OptionNames<SakBatchOptions> = {
  images: true,
  preprocess: true,
  teachers: true,
  teacherInput: true,
  labels: true,
  batchSize: true,
  shuffle: true,
  seed: true,
  dropLast: true,
};

/**
 * Returns batches of pictures with the features of every teacher (arXiv 2410.14633), for `train.fit`. The order is seeded and
 * changes with the epoch, as that of `features.batches`. Pictures that an extraction skipped are left out.
 *
 * @throws SakError for a folder of another run, another picture or another part of it, or a picture without features
 * @throws FeatureError for a missing folder or level
 */
export async function batches<L = undefined>(options: SakBatchOptions<L>): Promise<BatchSource<SakBatch<L>>> {
  checkOptionNames(FN, options as SakBatchOptions, NAMES, SakError);
  const { images, preprocess: plan, teacherInput = "own", labels, batchSize = 16 } = options;
  if (teacherInput !== "own" && teacherInput !== "shared")
    throw new SakError(FN, "teacherInput must be shared or own", teacherInput);
  const items = await itemsOf(FN, images);
  const input = { kind: teacherInput, preprocess: plan };
  const teachers = await Promise.all(
    Object.entries(options.teachers).map(([name, source]) => openTeacher(name, source, input)),
  );
  const usable = items.filter(({ path }) => teachers.every((teacher) => hasFeatures(teacher, path)));
  const { shuffle, seed, dropLast } = options;
  const source = inOrder(usable, { batchSize, shuffle, seed, dropLast });
  return {
    length: source.length,
    batch: async (epoch, index) => {
      const some = await source.batch(epoch, index);
      const { pictures, pixels, shape } = await prepare(some, plan);
      const maps = await Promise.all(teachers.map((teacher) => teacher.maps(pictures)));
      const paths = pictures.map(({ path }) => path);
      return {
        paths,
        pixels,
        shape,
        teachers: Object.fromEntries(teachers.map(({ name }, i) => [name, maps[i]])),
        labels: (await labels?.(paths)) as L,
      };
    },
  };
}

function hasFeatures({ name, folder }: OpenTeacher, path: string): boolean {
  if (!folder) return true;
  const line = folder.images.get(path);
  if (!line) throw new SakError(FN, `${folder.folder} of ${name} must have features of every picture`, path);
  return line.status === "ok";
}

interface Prepared {
  pictures: TeacherPicture[];
  pixels: Float32Array;
  shape: [number, number, number, number];
}

async function prepare(items: readonly ImageItem[], plan: Preprocess): Promise<Prepared> {
  const read = await Promise.all(items.map(readItem));
  const { pixelValues, dims, geometry } = await preprocess(
    read.map(({ input }) => input),
    plan,
    FN,
  );
  const pictures = read.map((one, i) => ({ ...one, geometry: geometry[i] }));
  return { pictures, pixels: pixelValues, shape: dims };
}

async function readItem({ path, read }: ImageItem): Promise<Omit<TeacherPicture, "geometry">> {
  const found = await read();
  if ("reason" in found) throw new SakError(FN, `${path} must be a picture that can be read`, found.reason);
  return { path, sha256: found.sha256, input: found.input };
}
