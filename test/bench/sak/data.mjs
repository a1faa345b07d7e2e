/** Pictures, labels and stored teachers of the study of several teachers. */
import { join } from "node:path";
import { pathOf, sideOf, TASKS } from "./settings.mjs";

/** Pixels on a side of every picture. */
export const SIZE = 128;

/** Seed of the world for each set of pictures: the sets for distillation and for labels share none. */
const SETS = { distill: ["train", 1], train: ["train", 0], test: ["test", 0] };

/** Writes pictures with labels and the teachers' features, once. */
export async function prepare({ data, encoders, features, tasks: { dense } }, settings, folder) {
  const { teachers, levels, pictures, objects } = settings;
  const fileOf = (set, name) => join(folder, set, "images", `${name}.jpg`);
  const names = {};
  const samples = {};
  for (const [set, [split, seed]] of Object.entries(SETS)) {
    const root = join(folder, set);
    await data.world.write(root, { layout: "dense", split, count: pictures[set], size: SIZE, seed, objects });
    const labelled = data.dense.read(root, { split, classes: TASKS, tasks: Object.keys(TASKS) });
    names[set] = labelled.names;
    if (set !== "distill") samples[set] = await Promise.all(labelled.names.map((_, i) => labelled.sample(i)));
  }
  const files = Object.fromEntries(Object.keys(SETS).map((set) => [set, names[set].map((one) => fileOf(set, one))]));
  let preprocess;
  for (const name of teachers) {
    const encoder = await encoders.load(`zoo/${name}`);
    preprocess ??= encoder.info.preprocess;
    for (const [set, images] of Object.entries(files))
      await features.extract({
        encoder,
        images,
        indices: levels,
        out: join(folder, "features", set, name),
        dtype: "f16",
        progress: false,
      });
    await encoder.dispose();
  }
  const cells = (labels) => cellLabels(dense, labels);
  const labels = new Map(samples.train.map((sample, i) => [files.train[i], cells(sample.labels)]));
  return { folder, files, preprocess, levels, ...samples, labels, frequent: frequentParts(samples.train) };
}

/** Returns labels at a quarter of the pictures' size, where the heads join the levels, and boundaries at half of it. */
const cellLabels = ({ cellsOf }, labels) =>
  Object.fromEntries(
    Object.entries(labels).map(([task, label]) => {
      const side = sideOf(task);
      return [task, { data: cellsOf(task, label, [side, side]), width: side, height: side, channels: label.channels }];
    }),
  );

/** Returns the types of parts, and the background, that have at least one in 2000 of the labelled pixels: the others are noise. */
function frequentParts(samples) {
  const counts = new Float64Array(TASKS.parts);
  for (const { labels } of samples) for (const value of labels.parts.data) counts[value]++;
  const total = counts.reduce((sum, one) => sum + one, 0);
  return [...counts.keys()].filter((type) => counts[type] >= total / 2000);
}

/** Batches of a set with the features of every teacher, and labels where the set has some. Pictures are of `size` pixels. */
export function batchesOf({ sak }, settings, data, { set, share = 1, batch, seed, size = SIZE }) {
  const images = data.files[set].slice(0, Math.max(batch, Math.round(data.files[set].length * share)));
  const teachers = settings.teachers.map((name) => [
    pathOf(name),
    { folder: join(data.folder, "features", set, name), indices: data.levels },
  ]);
  return sak.batches({
    images,
    preprocess: { ...data.preprocess, inputSize: [size, size], resizeTo: [size, size] },
    teachers: Object.fromEntries(teachers),
    labels: (paths) => paths.map((path) => data.labels.get(path)),
    batchSize: batch,
    seed,
  });
}

/** Normalization of each teacher, measured on some of the pictures. */
export async function normsOf({ sak }, settings, batches, kind) {
  const entries = settings.teachers.map(async (teacher) => {
    const name = pathOf(teacher);
    const norm = await sak.TeacherNorm.fit(kind, async function* () {
      for (let i = 0; i < Math.min(12, batches.length); i++) yield (await batches.batch(0, i)).teachers[name];
    });
    return [name, norm];
  });
  return Object.fromEntries(await Promise.all(entries));
}
