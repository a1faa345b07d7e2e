/** Both stages of a run of the study of several teachers. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { batchesOf, normsOf, SIZE } from "./data.mjs";
import { sideOf, TASKS, WEIGHTS } from "./settings.mjs";

/** Parts that learn before there are tasks. */
const DISTILLED = /^(stem|paths|aligners|down|up)\./;

/** Normalization of the teachers for a method, none for one without distillation. */
export async function teacherNorms(fovea, settings, data, { norm }) {
  if (!norm) return {};
  const { batch } = settings.distillation;
  return normsOf(fovea, data, await batchesOf(fovea, settings, data, { set: "distill", batch, seed: 0 }), norm);
}

/** Distils a student, or takes over what another method with the same network and teachers has learnt from the same seed. */
export async function distill(fovea, settings, data, model, method, seed, norms) {
  const { nn, safetensors, sak, train } = fovea;
  const { small, whole, batch, rate } = settings.distillation;
  const stored = join(data.folder, `${seed}-${method.student}-${method.norm}.safetensors`);
  if (!existsSync(stored)) {
    const isOwn = method.student === "sak";
    const loss = isOwn ? sak.distillationStep(model, { teacherNorms: norms }) : model.distillationStep(norms);
    for (const [name, size, steps] of [
      ["small", SIZE / 2, small],
      ["whole", SIZE, whole],
    ]) {
      const stage = isOwn
        ? sak.distillationStage(model, { steps, learningRate: rate })
        : model.distillationStage(steps, rate);
      const batches = await batchesOf(fovea, settings, data, { set: "distill", batch, seed, size });
      const checkpoint = { path: stored.replace(/\.safetensors$/, `.${name}.checkpoint.safetensors`) };
      await train.fit({ model, data: batches, loss, stages: [stage], clipNorm: 5, seed, checkpoint });
    }
    const learnt = [...(await nn.stateOf(model))].filter(([name]) => DISTILLED.test(name));
    await safetensors.write(stored, new Map(learnt));
  }
  nn.loadState(model, (await safetensors.read(stored)).tensors, { strict: false });
}

/** Trains the heads, and with them everything that the method does not freeze. */
export async function learn(fovea, tf, settings, data, model, method, seed, norms) {
  const { sak, train } = fovea;
  const { steps, batch, rate, headRate } = settings.learning;
  const isDistilled = Boolean(method.norm);
  const alpha = isDistilled ? 1 : 0;
  const losses = lossesOf(fovea, tf, method.tasks ?? Object.keys(TASKS));
  const isOwn = method.student === "sak";
  const stage = isOwn
    ? sak.taskStage(model, { steps, learningRate: rate, headLearningRate: headRate })
    : model.taskStage(steps, rate, headRate, { isDistilled, isFrozen: method.student === "frozen" });
  const loss = taskStep(fovea, tf, model, { losses, norms, alpha });
  const batches = await batchesOf(fovea, settings, data, { set: "train", share: method.labels, batch, seed });
  const checkpoint = { path: join(data.folder, `${seed}-${method.name.replace(/\W+/g, "-")}.checkpoint.safetensors`) };
  await train.fit({ model, data: batches, loss, stages: [stage], clipNorm: 10, seed, checkpoint });
}

/** Loss of both kinds of students on labels that are coarser than the picture. */
function taskStep({ sak }, tf, model, { losses, norms, alpha }) {
  const distilled = (features, teachers) =>
    model instanceof sak.Sak
      ? sak.distill(model, features, teachers, { teacherNorms: norms })
      : model.distill(features, teachers, norms);
  return ({ pixels, shape, teachers, labels }) => {
    const features = model.features(tf.tensor(pixels, [...shape]));
    const found = predictedAtLabels(model, features, Object.keys(losses));
    const parts = Object.entries(losses).map(([task, { loss, weight }]) => tf.mul(loss(found[task], labels), weight));
    if (alpha === 0) return { loss: tf.addN(parts), metrics: {} };
    const { loss: kd, metrics } = distilled(features, teachers);
    return { loss: tf.addN([...parts, tf.mul(kd, alpha)]), metrics };
  };
}

/** Predicts tasks at the size of their labels; those of one size together. */
function predictedAtLabels(model, features, tasks) {
  const sizes = [...new Set(tasks.map(sideOf))];
  const parts = sizes.map((side) =>
    model.predict(features, { tasks: tasks.filter((task) => sideOf(task) === side), outputSize: [side, side] }),
  );
  return Object.assign({}, ...parts);
}

/** Losses on the labels of `data.dense`. */
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
    parts: (prediction, labels) => dense.classLoss(prediction, classes(labels, "parts")),
    saliency: (prediction, labels) => dense.balancedLoss(prediction, classes(labels, "saliency")),
    normals: (prediction, labels) => dense.normalsLoss(prediction, maps(labels, "normals")),
    boundary: (prediction, labels) => dense.boundaryLoss(prediction, maps(labels, "boundary")),
  };
  return Object.fromEntries(tasks.map((task) => [task, { loss: losses[task], weight: WEIGHTS[task] }]));
}
