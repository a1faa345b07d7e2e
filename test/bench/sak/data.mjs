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
  const held = {};
  for (const set of ["distill", "train"])
    for (const name of teachers)
      (held[set] ??= {})[pathOf(name)] = await heldTeacher(features, {
        folder: join(folder, "features", set, name),
        levels,
        images: files[set],
      });
  const cells = (labels) => cellLabels(dense, labels);
  const labels = new Map(samples.train.map((sample, i) => [files.train[i], cells(sample.labels)]));
  const frequent = frequentParts(samples.train);
  return { folder, files, preprocess, levels, ...samples, held, labels, frequent, norms: new Map() };
}

/** Teacher whose stored maps are held in memory, because every run reads them again. */
async function heldTeacher({ open }, { folder, levels, images }) {
  const stored = await open(folder);
  const known = new Map();
  for (let from = 0; from < images.length; from += 50) {
    const some = images.slice(from, from + 50);
    const maps = await stored.maps(some, levels);
    some.forEach((path, i) =>
      known.set(
        path,
        maps.map((map) => mapOf(map, i, some.length)),
      ),
    );
  }
  return { maps: (paths) => levels.map((_, level) => joined(paths.map((path) => known.get(path)[level]))) };
}

/** Returns the map of picture `i` of `count`. */
function mapOf({ data, grid, channels }, i, count) {
  const each = data.length / count;
  return { data: data.subarray(i * each, (i + 1) * each), grid, channels };
}

function joined(maps) {
  const [{ data, grid, channels }] = maps;
  const all = new Float32Array(maps.length * data.length);
  maps.forEach((map, i) => all.set(map.data, i * data.length));
  return { data: all, grid, channels };
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
  return sak.batches({
    images,
    preprocess: { ...data.preprocess, inputSize: [size, size], resizeTo: [size, size] },
    teachers: data.held[set],
    labels: (paths) => paths.map((path) => data.labels.get(path)),
    batchSize: batch,
    seed,
  });
}

/** Normalization of each teacher, measured on some of the pictures once. */
export async function normsOf({ sak }, data, batches, kind) {
  if (!data.norms.has(kind))
    data.norms.set(kind, await measuredNorms(sak, Object.keys(data.held.distill), batches, kind));
  return data.norms.get(kind);
}

async function measuredNorms({ TeacherNorm }, names, batches, kind) {
  const some = await Promise.all(Array.from({ length: Math.min(12, batches.length) }, (_, i) => batches.batch(0, i)));
  const norms = names.map((name) => TeacherNorm.fit(kind, () => some.map(({ teachers }) => teachers[name])));
  return Object.fromEntries((await Promise.all(norms)).map((norm, i) => [names[i], norm]));
}
