/** Figures of a run of the study of several teachers. */
import { join } from "node:path";
import { pathOf, TASKS } from "./settings.mjs";

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Pictures in a forward. */
const BATCH = 10;

/** Calls `use` with the input of some pictures at a time and their samples. */
async function eachBatch({ encoders }, tf, data, samples, use) {
  for (let from = 0; from < samples.length; from += BATCH) {
    const some = samples.slice(from, from + BATCH);
    const images = some.map(({ image }) => image);
    const { pixelValues, dims } = await encoders.preprocess(images, data.preprocess);
    tf.tidy(() => use(tf.tensor(pixelValues, dims), some));
  }
}

/** Normals of objects alone: those of the ground measure where the horizon is. */
function objectNormals({ normals, semseg }) {
  return Float64Array.from(normals.data, (value, at) => (semseg.data[Math.floor(at / 3)] === 0 ? 0 : value));
}

/** Scores at full size, pooled over the test pictures; boundaries without tolerance. */
export async function scoresOf(fovea, tf, data, model, tasks) {
  const { dense } = fovea.tasks;
  const meters = {
    semseg: new dense.MeanIou({ classes: TASKS.semseg, absent: "skip" }),
    parts: new dense.MeanIou({ classes: TASKS.parts, absent: "skip" }),
    saliency: new dense.MaxF(),
    normals: new dense.NormalError(),
    boundary: new dense.MaxF({ betaSquared: 1 }),
  };
  // The last axis is the only one along which tfjs finds the largest in place.
  const best = (one) => tf.argMax(tf.transpose(one, [0, 2, 3, 1]), 3);
  const shares = {
    semseg: best,
    parts: best,
    saliency: (one) => tf.slice(tf.softmax(tf.transpose(one, [0, 2, 3, 1])), [0, 0, 0, 1], [-1, -1, -1, 1]),
    normals: (one) => tf.transpose(one, [0, 2, 3, 1]),
    boundary: (one) => tf.sigmoid(one),
  };
  await eachBatch(fovea, tf, data, data.test, (x, samples) => {
    const found = model.forward(x);
    for (const task of tasks) {
      const values = shares[task](found[task]).dataSync();
      const each = values.length / samples.length;
      samples.forEach(({ labels }, i) => {
        const truth = task === "normals" ? objectNormals(labels) : labels[task].data;
        meters[task].add(values.subarray(i * each, (i + 1) * each), truth);
      });
    }
  });
  const read = {
    semseg: ({ mIoU }) => mIoU,
    parts: ({ perClass }) => mean(data.frequent.map((type) => perClass[type]).filter((iou) => !Number.isNaN(iou))),
    saliency: ({ maxF }) => maxF,
    normals: ({ mErr }) => mErr,
    boundary: ({ maxF }) => maxF,
  };
  return Object.fromEntries(tasks.map((task) => [task, read[task](meters[task].value())]));
}

/** Mean and deviation over the test pictures of each expert's weight, mean over the levels. */
export async function routersOf(fovea, tf, data, model) {
  const rows = {};
  await eachBatch(fovea, tf, data, data.test, (x) => {
    for (const [task, one] of Object.entries(model.weights(x)))
      (rows[task] ??= []).push(...tf.mean(one, 1).arraySync());
  });
  const both = (values) => [mean(values), Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))];
  return Object.fromEntries(
    Object.entries(rows).map(([task, all]) => [task, all[0].map((_, e) => both(all.map((row) => row[e])))]),
  );
}

/**
 * Scores of probes in closed form on the last level of the stem, of each path and of each teacher: what a path inherits of its
 * teacher's bias. On the cells of tokens, normals of every pixel.
 */
export async function biasesOf(fovea, tf, settings, data, model) {
  const { DenseProbe, DenseProbeScore } = fovea.tasks.dense;
  const tasks = Object.keys(TASKS);
  const known = new Map();
  await eachProbed(fovea, tf, settings, data, model, "train", (name, map, samples) => {
    if (!known.has(name)) known.set(name, new DenseProbe({ tasks, classes: TASKS, channels: map.channels }));
    const probe = known.get(name);
    probe.add(map, samples.map(cellsIn(fovea, probe, map)));
  });
  const found = new Map([...known].map(([name, probe]) => [name, { probe, fitted: probe.fit() }]));
  const meters = new Map([...known.keys()].map((name) => [name, new DenseProbeScore(tasks, TASKS)]));
  await eachProbed(fovea, tf, settings, data, model, "test", (name, map, samples) => {
    const { probe, fitted } = found.get(name);
    const truth = samples.map(cellsIn(fovea, probe, map));
    fitted.predict(map).forEach((cells, i) => meters.get(name).add(cells, truth[i]));
  });
  return Object.fromEntries([...meters].map(([name, meter]) => [name, meter.value()]));
}

const cellsIn =
  ({ tasks: { dense } }, probe, { grid }) =>
  ({ labels }) =>
    Object.fromEntries(
      Object.keys(TASKS).map((task) => [task, dense.cellsOf(task, labels[task], probe.cellGrid(task, grid))]),
    );

/** Pictures from which the probes learn. */
const PROBED = 400;

/** Calls `use` with the last level of stem, paths and teachers for some pictures at a time. */
async function eachProbed(fovea, tf, settings, data, model, set, use) {
  const last = settings.levels.at(-1);
  const open = (name) => fovea.features.open(join(data.folder, "features", set, name));
  const folders = await Promise.all(settings.teachers.map(open));
  const plain = (tokens, grid) => ({ data: tokens.dataSync(), grid, channels: tokens.shape[2] });
  await eachBatch(fovea, tf, data, data[set].slice(0, PROBED), (x, samples) => {
    const { stem, paths, grid } = model.features(x);
    use("stem", plain(stem.at(-1), grid), samples);
    for (const [name, levels] of Object.entries(paths)) use(`path ${name}`, plain(levels.at(-1), grid), samples);
  });
  for (let from = 0; from < Math.min(PROBED, data[set].length); from += BATCH) {
    const samples = data[set].slice(from, Math.min(from + BATCH, PROBED));
    const files = data.files[set].slice(from, from + samples.length);
    for (const [i, name] of settings.teachers.entries()) {
      const [map] = await folders[i].maps(files, [last]);
      use(`teacher ${pathOf(name)}`, map, samples);
    }
  }
}
