/** Training steps of adapters on a transformer block, beside torch + PEFT on the same weights; and two tasks that contradict. */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { LinePeer, peersPython } from "./peers.mjs";
import { VCE_SHAPE, vceRows } from "./vce.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const SHAPE = [16, 197, 768];
export const HEADS = 12;
const TARGETS = { targetModules: ["q_proj", "v_proj"], r: 8, loraAlpha: 16, loraDropout: 0 };
export const RATE = 1e-3;
const KINDS = {
  LoRA: TARGETS,
  "Dual-LoRA": { ...TARGETS, peftType: "DUAL_LORA" },
  "MoE-LoRA, 4 experts": { ...TARGETS, peftType: "MOE_LORA" },
};
/** Inference times over LoRA's in the paper. */
const PAPER = { "Dual-LoRA": "1.16", "MoE-LoRA, 4 experts": "1.59" };
const ROUNDS = { native: 5, tensorflow: 5, wasm: 3 };

export async function adapters() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const rows = [];
    for (const device of Object.keys(ROUNDS)) rows.push(...(await stepsOn(device, folder)));
    return {
      title: "Adapters",
      note:
        `One training step of the adapters on query and value of a frozen transformer block, ${SHAPE.join(" x ")}, rank 8: ` +
        `forward, backward, AdamW, milliseconds, medians of ${Object.entries(ROUNDS)
          .map(([name, count]) => `${count} (${name})`)
          .join(", ")} ` +
        `rounds by turns with torch + PEFT; both sides compute the same losses. Dual-LoRA and MoE-LoRA at the rank of LoRA, over our LoRA; ` +
        `the paper's figures are of inference. VCE: forward and backward of its parameters, ${VCE_SHAPE}, 16 heads, 4 points.`,
      rows,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function stepsOn(device, folder) {
  const { nn } = require("fovea");
  try {
    await nn.start(device);
  } catch (error) {
    process.stderr.write(`bench adapters: no ${device}: ${error.message}\n`);
    return [{ measure: `${device}: not installed`, "peer ms": "-", "Fovea ms": "-", ratio: "-", paper: "-" }];
  }
  const study = await makeStudy(folder);
  const args = ["--folder", folder, "--heads", String(HEADS), "--rate", String(RATE)];
  const peer = new LinePeer(await peersPython(), "adapters.py", args);
  const turns = { "torch + PEFT": () => peer.step(), ...study.turns };
  const times = Object.fromEntries(Object.keys(turns).map((name) => [name, []]));
  for (let round = -1; round < ROUNDS[device]; round++) {
    const losses = {};
    for (const [name, step] of Object.entries(turns)) {
      const { ms, loss } = await step();
      losses[name] = loss;
      if (round >= 0) times[name].push(ms);
    }
    checkAgree(losses.LoRA, losses["torch + PEFT"]);
  }
  peer.end();
  study.dispose();
  const median = (name) => times[name].sort((a, b) => a - b)[Math.floor(times[name].length / 2)];
  const row = (measure, own, other) => ({
    measure: `${measure}, ${device}`,
    "peer ms": median(other).toFixed(0),
    "Fovea ms": median(own).toFixed(0),
    ratio: (median(own) / median(other)).toFixed(2),
    paper: PAPER[own] ?? "-",
  });
  const others = Object.keys(PAPER).map((name) => row(`${name} over our LoRA`, name, "LoRA"));
  return [row("LoRA over torch + PEFT", "LoRA", "torch + PEFT"), ...others, ...(await vceRows(device, folder))];
}

/** A time counts only where both sides train the same way. */
function checkAgree(own, other) {
  if (!(Math.abs(own - other) <= 1e-4 * Math.abs(other)))
    throw new Error(`bench adapters: the loss must be that of torch + PEFT, ${other}, received ${own}`);
}

/** One block for each kind, of the same weights, which go to the peer with LoRA's first values; a device is started. */
export async function makeStudy(folder, kinds = Object.keys(KINDS)) {
  const { nn, lora, safetensors, train } = require("fovea");
  const tf = require("@tensorflow/tfjs-core");
  nn.manualSeed(1);
  const [x, target] = [1, 2].map((seed) => tf.randomNormal(SHAPE, 0, 1, "float32", seed));
  const weights = new Map();
  const held = kinds.map((name) => {
    const options = KINDS[name];
    const block = new nn.Block(SHAPE[2], { heads: HEADS });
    if (weights.size) for (const [key, parameter] of block.namedParameters()) parameter.assign(weights.get(key));
    else for (const [key, parameter] of block.namedParameters()) weights.set(key, tf.keep(parameter.value.clone()));
    const adapters = lora.attach(block, options);
    const parameters = adapters.parameters("default");
    const optimizer = new train.AdamW([{ parameters }], { learningRate: RATE });
    return { name, block, adapters, parameters, optimizer };
  });
  await held[0].adapters.save(folder);
  const values = { x, target, ...Object.fromEntries(weights) };
  const stored = Object.entries(values).map(([name, one]) => [
    name,
    { dtype: "F32", shape: one.shape, data: one.dataSync() },
  ]);
  await safetensors.write(join(folder, "block.safetensors"), new Map(stored));
  const stepOf = ({ name, block, parameters, optimizer }) =>
    leakless(name, tf, async () => {
      const start = performance.now();
      // In two steps: wasm adds in single precision, one value after the other, and 2.4 million are too many for that.
      const loss = () => tf.mean(tf.mean(tf.square(tf.sub(block.forward(x), target)), -1));
      const found = train.lossAndGradients(loss, parameters);
      optimizer.step(found.gradients);
      const [value] = await found.loss.data();
      const ms = performance.now() - start;
      train.disposeGradients(found);
      return { ms, loss: value };
    });
  return {
    turns: Object.fromEntries(held.map((one) => [one.name, stepOf(one)])),
    dispose() {
      for (const { block, adapters, optimizer } of held) {
        optimizer.dispose();
        adapters.detach();
        block.dispose();
      }
      tf.dispose([x, target, ...weights.values()]);
    },
  };
}

/** Refuses a step that leaves a tensor; the first makes the optimiser's state. */
function leakless(name, tf, step) {
  let steps = 0;
  return async () => {
    const before = tf.memory().numTensors;
    const result = await step();
    if (steps++ > 0 && tf.memory().numTensors !== before)
      throw new Error(
        `bench adapters: a step of ${name} must leave no tensor, received ${tf.memory().numTensors - before}`,
      );
    return result;
  };
}

const WIDTH = 32;
const SEEDS = 8;
const STEPS = 400;
const PAIRS = 256;
const DUAL = { peftType: "DUAL_LORA", targetModules: ["proj"], r: 8, loraAlpha: 16, loraDropout: 0 };
/** Student's t at 97.5 % for SEEDS - 1 degrees of freedom. */
const T_975 = 2.365;

/** Two clusters of inputs whose targets contradict, y = W0 x ± M x: LoRA and Dual-LoRA of as many parameters. */
export async function conflict() {
  const { nn, lora } = require("fovea");
  await nn.start("native");
  const layer = { inFeatures: WIDTH, outFeatures: WIDTH };
  const kinds = {
    "LoRA, rank 12": { targetModules: ["proj"], r: 12, loraAlpha: 24 },
    "Dual-LoRA, rank 8": DUAL,
    "Dual-LoRA, rank 8, no gate": { ...DUAL, gate: "none" },
    "Dual-LoRA, rank 8, no norm": { ...DUAL, useNorm: false },
  };
  const rows = [];
  for (const [name, options] of Object.entries(kinds)) {
    const errors = [];
    for (let seed = 0; seed < SEEDS; seed++) errors.push(await contradict(options, seed));
    const mean = errors.reduce((sum, value) => sum + value, 0) / SEEDS;
    const spread = Math.sqrt(errors.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (SEEDS - 1));
    const half = (T_975 * spread) / Math.sqrt(SEEDS);
    const parameters = lora.parameterCount(options, layer);
    rows.push({ adapter: name, parameters, "error left, %": mean.toFixed(1), "95 % interval": `± ${half.toFixed(1)}` });
  }
  return {
    title: "Two tasks that contradict",
    note:
      `A frozen linear layer of ${WIDTH} x ${WIDTH}; inputs around two centres, targets W0 x + M x for one and W0 x - M x for the other, ` +
      `M random. Error on new inputs after ${STEPS} steps of AdamW on ${2 * PAIRS} pairs, in percent of the error without an adapter; ` +
      `${SEEDS} seeds.`,
    rows,
  };
}

async function contradict(options, seed) {
  const { nn, lora, train } = require("fovea");
  const tf = require("@tensorflow/tfjs-core");
  nn.manualSeed(seed);
  const before = tf.memory().numTensors;
  class Model extends nn.Module {
    proj = new nn.Linear(WIDTH, WIDTH);
  }
  const model = new Model();
  const adapters = lora.attach(model, options);
  const optimizer = new train.AdamW([{ parameters: adapters.parameters("default") }], {
    learningRate: 1e-2,
    weightDecay: 0,
  });
  const task = tf.tidy(() => contradiction(tf, model, adapters, seed));
  const lossOn = ([x, y]) => tf.mean(tf.square(tf.sub(model.proj.forward(x), y)));
  for (let step = 0; step < STEPS; step++) {
    const found = train.lossAndGradients(() => lossOn(task.train), adapters.parameters("default"));
    optimizer.step(found.gradients);
    train.disposeGradients(found);
  }
  const at = () => tf.tidy(() => lossOn(task.test).dataSync()[0]);
  const left = (100 * at()) / adapters.disabled(at);
  optimizer.dispose();
  adapters.detach();
  model.dispose();
  tf.dispose(task);
  if (tf.memory().numTensors !== before) throw new Error("bench conflict: a run must leave no tensor");
  return left;
}

/** Inputs and targets to train on and to test on. */
function contradiction(tf, model, adapters, seed) {
  let stream = 100 * seed;
  const normal = (shape) => tf.randomNormal(shape, 0, 1, "float32", ++stream);
  const center = normal([1, WIDTH]);
  const change = tf.div(normal([WIDTH, WIDTH]), Math.sqrt(WIDTH));
  const pairs = () => {
    const sides = [1, -1].map((sign) => {
      const x = tf.add(tf.mul(center, sign), normal([PAIRS, WIDTH]));
      const base = adapters.disabled(() => model.proj.forward(x));
      return [x, tf.add(base, tf.mul(tf.matMul(x, change), sign))];
    });
    return [0, 1].map((i) => tf.concat([sides[0][i], sides[1][i]], 0));
  };
  return { train: pairs(), test: pairs() };
}
