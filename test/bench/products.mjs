/**
 * Prints how fast the products of the training benchmark are on `native` and in torch, in billions of operations a second of
 * processor time: with one thread, the best of several calls, both sides by turns.
 *
 * usage: products.mjs [ROUNDS]
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { LinePeer, peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const { nn } = require("fovea");
const tf = require("@tensorflow/tfjs-core");

/** Rows, inputs and outputs of linear layers: the ViT's, the LoRA block's, and VCE's for one picture. */
const LAYERS = [
  [2048, 128, 128],
  [2048, 128, 512],
  [2048, 512, 128],
  [3152, 768, 768],
  [2304, 1024, 1024],
];
const KINDS = {
  forward: ({ x, w, b }) => nn.linear(x, w, b),
  "gradient in inputs": ({ w, dy }) => tf.matMul(dy, w),
  "gradient in weights": ({ x, dy }) => tf.matMul(dy, x, true),
};

const rounds = Number(process.argv[2] ?? 5);
await nn.start("native", { threads: 1 });
const peer = new LinePeer(await peersPython(), "products.py", [JSON.stringify(LAYERS)], { OMP_NUM_THREADS: "1" });
const tensors = LAYERS.map(([rows, inputs, outputs]) => {
  const shapes = { x: [rows, inputs], w: [outputs, inputs], b: [outputs], dy: [rows, outputs] };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.randomNormal(shape)]));
});

function cpuMs(compute) {
  const before = process.cpuUsage();
  compute().dispose();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const names = LAYERS.flatMap((layer) => Object.keys(KINDS).map((kind) => [layer, kind]));
const own = names.map(() => Infinity);
const theirs = names.map(() => Infinity);
for (let round = 0; round < rounds; round++) {
  const found = tensors.flatMap((one) => Object.values(KINDS).map((compute) => cpuMs(() => compute(one))));
  const { times } = await peer.step();
  for (const i of names.keys()) {
    own[i] = Math.min(own[i], found[i]);
    theirs[i] = Math.min(theirs[i], times[i]);
  }
}
peer.end();
process.stdout.write("| rows x inputs x outputs | product | native GF/s | torch GF/s |\n| --- | --- | --- | --- |\n");
for (const [i, [layer, kind]] of names.entries()) {
  const rate = (ms) => ((2 * layer[0] * layer[1] * layer[2]) / ms / 1e6).toFixed(0);
  process.stdout.write(`| ${layer.join(" x ")} | ${kind} | ${rate(own[i])} | ${rate(theirs[i])} |\n`);
}
process.exit(0);
