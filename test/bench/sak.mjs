/** Students of several teachers on the synthetic world: what each kind of distillation is worth for dense tasks, over paired seeds. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { manyToOne } from "./sak-many.mjs";
import { restore } from "./tables.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const FOLDER = join(root, ".fovea", "sak");

/** Tasks with the channels of their heads; a factor on the loss of the classes, because it falls slowest. */
const TASKS = { semseg: 16, saliency: 2, normals: 3, boundary: 1 };
const WEIGHTS = { semseg: 5, saliency: 5, normals: 10, boundary: 50 };

const FULL = {
  teachers: ["dino-hybrid", "siglip-hybrid", "masks-hybrid"],
  pictures: { train: 600, test: 150 },
  stem: { imgSize: 128, patchSize: 8, embedDim: 128, depth: 3, numHeads: 4 },
  headWidth: 48,
  steps: [1200, 400],
  batch: 16,
  rates: [1e-3, 2e-4, 1e-3],
  norm: "standardize",
  seeds: 3,
};
const SHORT = {
  ...FULL,
  pictures: { train: 12, test: 6 },
  stem: { ...FULL.stem, patchSize: 16, embedDim: 32 },
  headWidth: 16,
  steps: [2, 2],
  batch: 4,
  seeds: 1,
};

/** Kinds of students: which teachers they have, how they mix, and whether they are distilled first. */
const METHODS = [
  ...Object.keys(TASKS).map((task) => ({
    name: `single task: ${task}`,
    tasks: [task],
    isMany: true,
    isDistilled: false,
  })),
  { name: "multi-task", isMany: true, isDistilled: false },
  { name: "many to one", isMany: true, isDistilled: true },
  { name: "many to one, raw teachers", isMany: true, isDistilled: true, norm: "none" },
  { name: "paths without router", isDistilled: true, router: "none" },
  { name: "SAK", isDistilled: true, router: "mor" },
  { name: "SAK, raw teachers", isDistilled: true, router: "mor", norm: "none" },
  { name: "SAK, half of the labels", isDistilled: true, router: "mor", labels: 0.5 },
  { name: "SAK, a quarter of the labels", isDistilled: true, router: "mor", labels: 0.25 },
];

/** A study that was stopped goes on with the runs that are missing, and a stopped run with its last checkpoint. `limit` ends it after so many new runs. */
export async function sak({ short = false, seeds, folder = FOLDER, limit = Infinity } = {}) {
  const fovea = require("fovea");
  const settings = { ...(short ? SHORT : FULL) };
  settings.seeds = seeds ?? settings.seeds;
  const device = await fovea.nn.start(short ? "wasm" : "auto");
  if (!short) restore("sak", folder);
  const file = new fovea.studies.StudyFile({
    folder,
    prefix: "",
    identity: { ...settings, seeds: undefined, methods: METHODS, device },
    asked: placesOf(settings),
  });
  const data = await prepare(fovea, settings, file.folder);
  let left = limit;
  for (const { method: name, seed } of file.missing) {
    if (left-- <= 0) break;
    const start = performance.now();
    const method = METHODS.find((one) => one.name === name);
    const run = await trainOne(fovea, settings, data, method, seed, file.folder);
    await file.add({ method: name, seed, ...run, seconds: (performance.now() - start) / 1000 });
    progress(`seed ${seed}, ${name}: ${JSON.stringify(run.scores)}`);
  }
  return tableOf(fovea, settings, file, device, short);
}

/** Every run; a seed is finished by all methods before the next one begins. */
const placesOf = ({ seeds }) =>
  Array.from({ length: seeds }, (_, i) => METHODS.map(({ name }) => ({ method: name, seed: i + 1 }))).flat();

/** Writes pictures with labels and the teachers' features, once. */
async function prepare({ data, encoders, features }, settings, folder) {
  const levels = ["stem", 0, 1, 2];
  const classes = { semseg: TASKS.semseg };
  const read = async (split, count) => {
    const root = join(folder, split);
    if (!existsSync(join(root, "gt_sets", `${split}.txt`)))
      await data.world.write(root, { layout: "dense", split, count, size: 128 });
    const set = data.dense.read(root, { split, classes, tasks: Object.keys(TASKS) });
    return Promise.all(set.names.map((_, i) => set.sample(i)));
  };
  const train = await read("train", settings.pictures.train);
  const test = await read("test", settings.pictures.test);
  const fileOf = (name) => join(folder, "train", "images", `${name}.jpg`);
  const images = train.map(({ name }) => fileOf(name));
  let preprocess;
  for (const name of settings.teachers) {
    const encoder = await encoders.load(`zoo/${name}`);
    preprocess ??= encoder.info.preprocess;
    await features.extract({
      encoder,
      images,
      indices: levels,
      out: join(folder, name),
      dtype: "f16",
      progress: false,
    });
    await encoder.dispose();
  }
  const byName = new Map(train.map((sample) => [sample.name, sample.labels]));
  return { folder, fileOf, preprocess, levels, train, test, byName };
}

const short = (name) => name.replace("-hybrid", "");

async function trainOne(fovea, settings, data, method, seed, folder) {
  const { nn, sak, train } = fovea;
  const tf = require("fovea/tf");
  nn.manualSeed(seed);
  const tasks = Object.fromEntries(
    Object.entries(TASKS).filter(([name]) => !method.tasks || method.tasks.includes(name)),
  );
  const teachers = settings.teachers.map((name) => ({ name: short(name), width: 128 }));
  const config = { stem: settings.stem, levels: data.levels, teachers, tasks, headWidth: settings.headWidth };
  const model = method.isMany
    ? manyToOne(fovea, tf, config)
    : new sak.Sak({ ...config, router: method.router ?? "mor" });
  const all = await batchesOf(fovea, settings, data, 1);
  const teacherNorms = method.isDistilled
    ? await normsOf(fovea, settings, data, all, method.norm ?? settings.norm)
    : {};
  const losses = lossesOf(fovea, tf, tasks);
  const [first, second] = settings.steps;
  const checkpoint = (stage) => ({
    path: join(folder, `${seed}-${method.name.replace(/\W+/g, "-")}-${stage}.safetensors`),
  });
  if (method.isDistilled) {
    const stage = method.isMany
      ? model.distillationStage(first, settings.rates[0])
      : sak.distillationStage(model, { steps: first, learningRate: settings.rates[0] });
    const loss = method.isMany ? model.distillationStep(teacherNorms) : sak.distillationStep(model, { teacherNorms });
    await train.fit({ model, data: all, loss, stages: [stage], seed, checkpoint: checkpoint("distil") });
  }
  const labelled = await batchesOf(fovea, settings, data, method.labels ?? 1, seed);
  const alpha = method.isDistilled ? 1 : 0;
  const stage = method.isMany
    ? model.taskStage(second, settings.rates[1], settings.rates[2], alpha)
    : sak.taskStage(model, { steps: second, learningRate: settings.rates[1], headLearningRate: settings.rates[2] });
  const loss = method.isMany
    ? model.taskStep(losses, teacherNorms, alpha)
    : sak.taskStep(model, { tasks: losses, alpha, teacherNorms });
  await train.fit({
    model,
    data: labelled,
    loss,
    stages: [stage],
    clipNorm: 10,
    seed,
    checkpoint: checkpoint("tasks"),
  });
  model.eval();
  const scores = await scoresOf(fovea, tf, data, model, Object.keys(tasks));
  const routers = method.router === "mor" ? await routersOf(fovea, tf, data, model) : null;
  const parameters = [...model.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);
  model.dispose();
  return { scores, routers, parameters };
}

async function batchesOf({ sak }, settings, data, share, seed = 0) {
  const count = Math.max(settings.batch, Math.round(data.train.length * share));
  const chosen = new Set(data.train.slice(0, count).map(({ name }) => name));
  const stored = settings.teachers.map((name) => [
    short(name),
    { folder: join(data.folder, name), indices: data.levels },
  ]);
  const files = [...chosen].map((name) => data.fileOf(name));
  return sak.batches({
    images: files,
    preprocess: data.preprocess,
    teachers: Object.fromEntries(stored),
    labels: (paths) => paths.map((path) => data.byName.get(path.replace(/^.*[/\\]|\.[a-z]+$/g, ""))),
    batchSize: settings.batch,
    seed,
  });
}

async function normsOf({ sak }, settings, data, batches, kind) {
  const entries = settings.teachers.map(async (teacher) => {
    const name = short(teacher);
    const norm = await sak.TeacherNorm.fit(kind, async function* () {
      for (let i = 0; i < Math.min(12, batches.length); i++) yield (await batches.batch(0, i)).teachers[name];
    });
    return [name, norm];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Losses on the labels of `data.dense`, with the released weights and classes made heavier. */
function lossesOf({ tasks: { dense } }, tf, tasks) {
  const flat = (labels, task, values) => {
    labels.forEach((one, i) => values.set(one[task].data, (i * values.length) / labels.length));
    return values;
  };
  const classes = (labels, task) => {
    const { width, height } = labels[0][task];
    const values = flat(labels, task, new Int32Array(labels.length * width * height));
    return tf.tensor(values, [labels.length, height, width], "int32");
  };
  const maps = (labels, task) => {
    const { width, height, channels } = labels[0][task];
    const values = flat(labels, task, new Float32Array(labels.length * width * height * channels));
    return tf.transpose(tf.tensor(values, [labels.length, height, width, channels]), [0, 3, 1, 2]);
  };
  const losses = {
    semseg: (prediction, labels) => dense.classLoss(prediction, classes(labels, "semseg")),
    saliency: (prediction, labels) => dense.balancedLoss(prediction, classes(labels, "saliency")),
    normals: (prediction, labels) => dense.normalsLoss(prediction, maps(labels, "normals")),
    boundary: (prediction, labels) => dense.boundaryLoss(prediction, maps(labels, "boundary")),
  };
  return Object.fromEntries(Object.keys(tasks).map((task) => [task, { loss: losses[task], weight: WEIGHTS[task] }]));
}

/** Scores at full size, pooled over the test pictures; boundaries without tolerance. */
async function scoresOf({ encoders, tasks: { dense } }, tf, data, model, tasks) {
  const meters = {
    semseg: new dense.MeanIou({ classes: TASKS.semseg, absent: "skip" }),
    saliency: new dense.MaxF(),
    normals: new dense.NormalError(),
    boundary: new dense.MaxF({ betaSquared: 1 }),
  };
  for (const { image, labels } of data.test) {
    const { pixelValues, dims } = await encoders.preprocess([image], data.preprocess);
    const shown = tf.tidy(() => {
      const found = model.forward(tf.tensor(pixelValues, dims));
      const shares = {
        semseg: (one) => tf.argMax(one, 1),
        saliency: (one) => tf.slice(tf.softmax(tf.transpose(one, [0, 2, 3, 1])), [0, 0, 0, 1], [-1, -1, -1, 1]),
        normals: (one) => tf.transpose(one, [0, 2, 3, 1]),
        boundary: (one) => tf.sigmoid(one),
      };
      return Object.fromEntries(tasks.map((task) => [task, shares[task](found[task]).dataSync()]));
    });
    for (const task of tasks) meters[task].add(shown[task], labels[task].data);
  }
  const values = { semseg: "mIoU", saliency: "maxF", normals: "mErr", boundary: "maxF" };
  return Object.fromEntries(tasks.map((task) => [task, meters[task].value()[values[task]]]));
}

/** Mean and deviation over the test pictures of each expert's weight, mean over the levels. */
async function routersOf({ encoders }, tf, data, model) {
  const rows = {};
  for (const { image } of data.test) {
    const { pixelValues, dims } = await encoders.preprocess([image], data.preprocess);
    const found = tf.tidy(() => {
      const weights = model.weights(tf.tensor(pixelValues, dims));
      return Object.fromEntries(Object.entries(weights).map(([task, one]) => [task, [...tf.mean(one, 1).dataSync()]]));
    });
    for (const [task, one] of Object.entries(found)) (rows[task] ??= []).push(one);
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const both = (values) => [mean(values), Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))];
  return Object.fromEntries(
    Object.entries(rows).map(([task, all]) => [task, all[0].map((_, e) => both(all.map((row) => row[e])))]),
  );
}

/** Seeds with a run of every method. */
function finishedSeeds(runs) {
  const known = METHODS.map(({ name }) => runs.filter((run) => run.method === name).map(({ seed }) => seed));
  return known[0].filter((seed) => known.every((some) => some.includes(seed)));
}

function rowsOf({ tasks: { dense, seedMean } }, runs, seeds) {
  const names = Object.keys(TASKS);
  const of = (method, seed) => runs.find((run) => run.method === method && run.seed === seed)?.scores;
  const single = (seed) => Object.fromEntries(names.map((task) => [task, of(`single task: ${task}`, seed)[task]]));
  const written = ({ mean, half }, digits) =>
    half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
  const rows = METHODS.filter(({ tasks }) => !tasks).map(({ name }) => {
    const score = (task) => seeds.map((seed) => of(name, seed)[task] * (task === "normals" ? 1 : 100));
    const gains = seeds.map((seed) => dense.deltaM(of(name, seed), single(seed)));
    return {
      method: name,
      parameters: runs.find((run) => run.method === name).parameters,
      ...Object.fromEntries(names.map((task) => [task, written(seedMean(score(task)), task === "normals" ? 2 : 1)])),
      "Δm, %": written(seedMean(gains), 1),
    };
  });
  const alone = { method: "single tasks", parameters: "-" };
  for (const task of names) {
    const values = seeds.map((seed) => single(seed)[task] * (task === "normals" ? 1 : 100));
    alone[task] = written(seedMean(values), task === "normals" ? 2 : 1);
  }
  return [{ ...alone, "Δm, %": "0" }, ...rows];
}

function tableOf(fovea, settings, { identity, runs }, device, isShort) {
  const seeds = finishedSeeds(runs);
  return {
    title: isShort ? "Several teachers: the machinery alone" : "Several teachers, one student",
    note:
      `Students of ${settings.teachers.join(", ")} on the synthetic world: ${settings.pictures.train} pictures to learn from, ` +
      `${settings.pictures.test} of the test split; ${settings.steps[0]} updates of distillation and ${settings.steps[1]} of tasks in batches of ` +
      `${settings.batch}, stems of random weights. mIoU, maxF, degrees, and F without tolerance; means of ${seeds.length} paired seeds with 95 % ` +
      `intervals over trainings; ${runs.length} of ${placesOf(settings).length} runs are finished, and rows need all methods of a seed. Δm is relative to the single tasks of the same seed. On ${device}.` +
      (isShort ? " So short that the figures mean nothing: this shows that all of it runs." : ""),
    rows: seeds.length ? rowsOf(fovea, runs, seeds) : [],
    ...(isShort ? {} : { data: { identity, settings, runs } }),
  };
}

function progress(text) {
  process.stderr.write(`bench sak: ${text}\n`);
}
