/**
 * Trainings of Fovea on one device: a step for each line on stdin, `{ ms, cpuMs, loss, peakBytes }` on stdout. The peers
 * of `training.mjs` read what the first run writes into the folder.
 *
 * usage: training-peer.mjs CASE DEVICE BATCH FOLDER
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../binder/setup.mjs";
import { makeStudy as makeAdapters } from "./adapters.mjs";
import { makeStudy as makeVce } from "./vce.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const { nn, safetensors, train } = require("fovea");
/** The choice that `train.fit({ recompute })` makes. */
const { setRecomputed } = require(join(root, "kernel", "dist", "nn", "module", "recompute.js"));
const tf = require("@tensorflow/tfjs-core");

const PATCH = 4;
const SIDE = 64;
const CLASSES = 100;
const RATE = 1e-3;
const SIZES = { vit: { width: 128, depth: 6, heads: 4 }, tiny: { width: 32, depth: 2, heads: 2 } };

/** A vision transformer with learned positions and the mean of its tokens. */
class Vit extends nn.Module {
  constructor({ width, depth, heads }) {
    super();
    this.patchEmbed = new nn.PatchEmbedding(width, PATCH);
    this.posEmbed = new nn.Parameter([(SIDE / PATCH) ** 2, width], nn.normal(0, 0.02));
    this.blocks = Array.from({ length: depth }, () => new nn.Block(width, { heads }));
    this.norm = new nn.LayerNorm(width, { eps: 1e-6 });
    this.head = new nn.Linear(width, CLASSES);
  }

  forward(x) {
    let y = tf.add(this.patchEmbed.forward(x), this.posEmbed.value);
    for (const block of this.blocks) y = block.forward(y);
    return this.head.forward(tf.mean(this.norm.forward(y), 1));
  }
}

async function makeVit(name, batch, folder, recompute = false) {
  nn.manualSeed(1);
  const model = new Vit(SIZES[name]);
  for (const block of model.blocks) setRecomputed(block, recompute);
  const parameters = model.namedParameters();
  const x = tf.randomNormal([batch, 3, SIDE, SIDE], 0, 1, "float32", 1);
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, i) => (i * 7) % CLASSES),
    "int32",
  );
  const tensors = [["x", x], ...[...parameters].map(([key, { value }]) => [key, value])];
  const stored = tensors.map(([key, one]) => [key, { dtype: "F32", shape: one.shape, data: one.dataSync() }]);
  await safetensors.write(join(folder, "vit.safetensors"), new Map(stored));
  const optimizer = new train.AdamW([{ parameters }], { learningRate: RATE });
  return async () => {
    const found = train.lossAndGradients(() => nn.crossEntropy(model.forward(x), labels), parameters);
    optimizer.step(found.gradients);
    const [loss] = await found.loss.data();
    train.disposeGradients(found);
    return { loss };
  };
}

const CASES = {
  vit: (batch, folder) => makeVit("vit", batch, folder),
  recompute: (batch, folder) => makeVit("vit", batch, folder, true),
  tiny: (batch, folder) => makeVit("tiny", batch, folder),
  lora: async (_, folder) => (await makeAdapters(folder, ["LoRA"])).turns.LoRA,
  dual: async (_, folder) => (await makeAdapters(folder, ["Dual-LoRA"])).turns["Dual-LoRA"],
  vce: async (batch, folder) => (await makeVce(folder, batch)).step,
};

const [name, device, batch, folder] = process.argv.slice(2);
await nn.start(device);
const step = await CASES[name](Number(batch), folder);
process.stdout.write("ready\n");
for await (const line of createInterface(process.stdin)) {
  if (line !== "step") break;
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const { loss } = await step();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(`${JSON.stringify({ ms, cpuMs: (user + system) / 1000, loss, peakBytes })}\n`);
}
process.exit(0);
