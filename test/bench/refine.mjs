/** Gradual refinement on the synthetic world: three stages beside the last one alone and without the second, at equal updates, over paired seeds. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { restore } from "./tables.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const FOLDER = join(root, ".fovea", "refine");

const FULL = {
  size: 48,
  /** Vision transformers of AIMv2's shape. */
  sizes: {
    small: { embedDim: 48, depth: 3, numHeads: 4, hiddenDim: 96 },
    large: { embedDim: 96, depth: 4, numHeads: 4, hiddenDim: 192 },
  },
  /** Random weights, and weights that first learnt the category of the main object. */
  initializations: { random: 0, category: 200 },
  /** Pictures of the training split. */
  scales: [250, 1000],
  test: 300,
  batch: 12,
  /** Updates of the three stages, and those in which a fresh connector and language model learn to read. */
  updates: [30, 50, 50],
  reading: 80,
  rates: [2e-3, 1e-3, 5e-4],
  seeds: 3,
};
const SHORT = {
  ...FULL,
  size: 32,
  sizes: { small: { embedDim: 16, depth: 1, numHeads: 2, hiddenDim: 32 } },
  initializations: { random: 0, category: 1 },
  scales: [4],
  test: 3,
  batch: 4,
  updates: [1, 1, 1],
  reading: 1,
  seeds: 1,
};

/** Plans of equal length: which of the three stages they have. What a left-out stage frees goes to the last one. */
const PLANS = [
  { name: "three stages", stages: [0, 1, 2] },
  { name: "without stage II", stages: [0, 2] },
  { name: "stage III alone", stages: [2] },
  { name: "not refined", stages: [] },
];
const NAMES = ["coarse alignment", "fine alignment", "world knowledge"];
const GROUPS = [["connector"], ["vision", "connector"], ["vision", "connector", "language_model"]];

/** A study that was stopped goes on with the runs that are missing. `limit` ends it after so many new runs. */
export async function refine({ short = false, seeds, folder = FOLDER, limit = Infinity } = {}) {
  const fovea = require("fovea");
  const settings = { ...(short ? SHORT : FULL) };
  settings.seeds = seeds ?? settings.seeds;
  const device = await fovea.nn.start(short ? "wasm" : "auto");
  if (!short) restore("refine", folder);
  const file = new fovea.studies.StudyFile({
    folder,
    prefix: "",
    identity: { ...settings, seeds: undefined, plans: PLANS, device },
    asked: cellsOf(settings),
  });
  const lab = await prepare(fovea, settings);
  let left = limit;
  for (const cell of file.missing) {
    if (left-- <= 0) break;
    const start = performance.now();
    const run = await runOne(fovea, settings, lab, cell);
    await file.add({ ...cell, ...run, seconds: (performance.now() - start) / 1000 });
    process.stderr.write(`bench refine: ${keyOf(cell)}: ${(100 * run.accuracy).toFixed(1)} %\n`);
  }
  return tableOf(fovea, settings, file, device, short);
}

/** Every run; a seed is finished in all cells before the next one begins, so that a stopped study is balanced. */
function cellsOf({ sizes, initializations, scales, seeds }) {
  const cells = [];
  for (let seed = 1; seed <= seeds; seed++)
    for (const init of Object.keys(initializations))
      for (const size of Object.keys(sizes))
        for (const scale of scales) for (const { name: plan } of PLANS) cells.push({ seed, init, size, scale, plan });
  return cells;
}

const keyOf = ({ seed, init, size, scale, plan }) => [`seed ${seed}`, init, size, `${scale} pictures`, plan].join(", ");

/** Examples of the largest scale, of which smaller ones are the beginning, and questions of the test split. */
async function prepare({ data, encoders, models }, { size, scales, test }) {
  const { tokenizer } = await models.load("zoo/reading-llama");
  const ids = (text) => Array.from(tokenizer.encode([text]).ids, Number);
  const preprocess = {
    inputSize: [size, size],
    resize: "none",
    resizeTo: [size, size],
    align: "center",
    interpolation: "bicubic",
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
    rescale: 1 / 255,
    fill: "mean",
    cropRounding: "even",
  };
  const pixelsOf = async (images) => {
    const { pixelValues } = await encoders.preprocess(images, preprocess);
    const one = 3 * size * size;
    return images.map((_, i) => pixelValues.subarray(i * one, (i + 1) * one));
  };
  const example = (pixels, prompt, text) => ({
    pixels,
    shape: [1, 3, size, size],
    prompt: ids(`objects ; ${prompt}`),
    text: ids(text),
  });
  /** Lists of examples by picture, so that scales count pictures. */
  const questions = async (split, count) => {
    const quizzes = Array.from({ length: count }, (_, seed) => data.world.quiz(seed, { split, size }));
    const pixels = await pixelsOf(quizzes.map(({ image }) => image));
    return quizzes.map((quiz, i) => quiz.questions.map(({ question, answer }) => example(pixels[i], question, answer)));
  };
  const categories = data.world.categories.map(({ name }) => name);
  const captions = async (count) => {
    const scenes = Array.from({ length: count }, (_, seed) => data.world.scene(seed, { split: "train", size }));
    const pixels = await pixelsOf(scenes.map((scene) => data.world.render(scene)));
    return scenes.map(({ objects: [{ color, texture, category }] }, i) => ({
      ...example(pixels[i], "", `a ${color} ${texture.name} ${category}`),
      category: categories.indexOf(category),
    }));
  };
  const most = Math.max(...scales);
  return {
    classes: categories.length,
    captions: await captions(most),
    questions: await questions("train", most),
    test: (await questions("test", test)).flat(),
  };
}

function stagesOf({ updates, rates, batch }, kept) {
  const spare = updates.reduce((sum, steps, i) => sum + (kept.includes(i) ? 0 : steps), 0);
  return kept.map((i) => ({
    name: NAMES[i],
    train: GROUPS[i],
    data: i === 0 ? ["captions"] : ["captions", "questions"],
    learningRate: rates[i],
    batchSize: batch,
    steps: updates[i] + (i === 2 ? spare : 0),
  }));
}

/** Refines one transformer by one plan, and lets a fresh connector and language model read with it while it is frozen. */
async function runOne(fovea, settings, lab, { seed, init, size, scale, plan: name }) {
  const { models, nn, refine } = fovea;
  nn.manualSeed(seed);
  const sets = { captions: lab.captions.slice(0, scale), questions: lab.questions.slice(0, scale).flat() };
  const vision = new models.VisionTransformer({
    ...models.vitConfig("aimv2_large_patch14_448"),
    imgSize: settings.size,
    patchSize: 8,
    ...settings.sizes[size],
  });
  const steps = settings.initializations[init];
  if (steps) await learnCategories(fovea, vision, lab, { ...settings, steps, seed });
  const { stages } = PLANS.find((one) => one.name === name);
  const clipNorm = 1;
  let measures = null;
  if (stages.length) {
    const model = await networkOf(fovea, vision);
    const plan = refine.plan({ name, stages: stagesOf(settings, stages) });
    await refine.train({ model, plan, data: sets, seed, clipNorm });
    measures = gapOf(fovea, model, lab);
    model.connector.dispose();
    model.languageModel.dispose();
  }
  const reader = await networkOf(fovea, vision, 1000 + seed);
  const reading = refine.plan({
    name: "reading",
    stages: [
      {
        name: "read",
        train: ["connector", "language_model"],
        data: ["questions"],
        learningRate: settings.rates[2],
        batchSize: settings.batch,
        steps: settings.reading,
      },
    ],
  });
  await refine.train({ model: reader, plan: reading, data: sets, seed, clipNorm });
  const { accuracy, right, total } = await refine.score(reader, lab.test);
  reader.dispose();
  return { accuracy, right, total, measures };
}

async function networkOf({ models, nn, refine }, vision, seed) {
  if (seed !== undefined) nn.manualSeed(seed);
  const { model: languageModel } = await models.load("zoo/reading-llama");
  return new refine.RefineModel({ encoders: [vision], languageModel });
}

/** Trains a transformer to name the category of the main object, by its mean token; the head is thrown away. */
async function learnCategories({ nn, train }, vision, { captions, classes }, { steps, batch, seed, size }) {
  const tf = require("fovea/tf");
  class Classifier extends nn.Module {
    constructor() {
      super();
      this.vision = vision;
      this.head = new nn.Linear(vision.config.embedDim, classes);
    }
    forward(x) {
      return this.head.forward(tf.mean(this.vision.forwardFeatures(x), 1));
    }
  }
  const model = new Classifier();
  const loss = (items) => {
    const pixels = new Float32Array(items.length * 3 * size * size);
    items.forEach((item, i) => pixels.set(item.pixels, i * 3 * size * size));
    const targets = Int32Array.from(items, ({ category }) => category);
    return nn.crossEntropy(
      model.forward(tf.tensor(pixels, [items.length, 3, size, size])),
      tf.tensor(targets, [items.length], "int32"),
    );
  };
  await train.fit({
    model,
    data: train.batches(captions, { batchSize: Math.min(batch, captions.length), seed }),
    loss,
    stages: [{ name: "category", steps, groups: [{ parameters: /./, learningRate: 1e-3 }] }],
    clipNorm: 1,
    seed,
  });
  model.head.dispose();
}

/** Gap between tokens of test pictures and all words, on unit vectors: the scale of a connector says little. */
function gapOf({ refine }, model, { test }) {
  const tf = require("fovea/tf");
  const width = model.languageModel.config.hidden_size;
  const chosen = test.filter((_, i) => i % Math.ceil(test.length / 16) === 0);
  const one = refine.batch(chosen);
  model.eval();
  const tokens = tf.tidy(() => model.see(tf.tensor(one.pixels, [...one.shape]), chosen.length).dataSync());
  const words = model.languageModel.model.embedTokens.weight.value.dataSync();
  const sets = [tokens, words].map((values) => ({ data: Float32Array.from(values), width }));
  const { nearest, meanDistance, wasserstein } = refine.gap(...sets, { normalize: "l2", sample: 96 });
  return { nearest, meanDistance, wasserstein };
}

const written = ({ mean, half }, digits = 1) =>
  half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;

function tableOf({ tasks }, settings, { identity, runs }, device, isShort) {
  const { initializations, sizes, scales, updates } = settings;
  const rows = [];
  for (const init of Object.keys(initializations))
    for (const size of Object.keys(sizes))
      for (const scale of scales) {
        const of = (plan, seed) =>
          runs.find((run) => keyOf(run) === keyOf({ seed, init, size, scale, plan }))?.accuracy;
        const seeds = Array.from({ length: settings.seeds }, (_, i) => i + 1).filter((seed) =>
          PLANS.every(({ name }) => of(name, seed) !== undefined),
        );
        if (!seeds.length) continue;
        const percent = (plan) => seeds.map((seed) => 100 * of(plan, seed));
        const gain = (plan) => written(tasks.seedMean(seeds.map((s) => 100 * (of(PLANS[0].name, s) - of(plan, s)))));
        rows.push({
          initialization: init,
          size,
          pictures: scale,
          seeds: seeds.length,
          ...Object.fromEntries(PLANS.map(({ name }) => [name, written(tasks.seedMean(percent(name)))])),
          "three - alone": gain("stage III alone"),
          "three - without II": gain("without stage II"),
          "three - not refined": gain("not refined"),
        });
      }
  const total = cellsOf(settings).length;
  const known = cellsOf(settings).filter((cell) => runs.some((run) => keyOf(run) === keyOf(cell))).length;
  return {
    title: isShort ? "Gradual refinement: the machinery alone" : "Gradual refinement at equal updates",
    note:
      `Right answers in percent to questions about ${settings.test} test pictures of the synthetic world, by a fresh connector and language model ` +
      `that learnt for ${settings.reading} updates with the refined transformer frozen. Every plan has ${updates.reduce((sum, n) => sum + n)} updates in ` +
      `batches of ${settings.batch}; the stages' shares are ${updates.join(", ")}, and those of a left-out stage go to the last. Means of paired seeds ` +
      `with 95 % intervals over trainings. ${known} of ${total} runs are finished; rows need all plans of a seed. On ${device}.` +
      (isShort ? " So short that the figures mean nothing: this shows that all of it runs." : ""),
    rows,
    ...(isShort ? {} : { data: { identity, settings, runs } }),
  };
}
