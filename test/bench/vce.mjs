/** Visual cue enhancement, forward and backward on one training step's gradients, beside the same in torch. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { LinePeer, peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
export const GRID = 24;
const FEATURES = 1024;
const LEVELS = 4;
const ROUNDS = { native: { 1: 7, 4: 5 }, tensorflow: { 1: 7, 4: 5 }, wasm: { 1: 3 } };

export const VCE_SHAPE = `${GRID * GRID} tokens x ${FEATURES}, ${LEVELS} levels`;

/** Rows for a device that is started, by turns with the peer. */
export async function vceRows(device, folder) {
  const rows = [];
  for (const [batch, rounds] of Object.entries(ROUNDS[device])) rows.push(await vceRow(device, folder, +batch, rounds));
  return rows;
}

async function vceRow(device, folder, batch, rounds) {
  const study = await makeStudy(folder, batch);
  const args = ["--folder", folder, "--batch", String(batch), "--grid", String(GRID)];
  const peer = new LinePeer(await peersPython(), "vce.py", args);
  const times = { own: [], other: [] };
  for (let round = -1; round < rounds; round++) {
    const [other, own] = [await peer.step(), await study.step()];
    for (const name of ["loss", "norm"]) checkAgree(name, own[name], other[name]);
    if (round < 0) continue;
    times.own.push(own.ms);
    times.other.push(other.ms);
  }
  peer.end();
  study.dispose();
  const [own, other] = [times.own, times.other].map((all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)]);
  return {
    measure: `VCE over torch, batch ${batch}, ${device}`,
    "peer ms": other.toFixed(0),
    "Fovea ms": own.toFixed(0),
    ratio: (own / other).toFixed(2),
    paper: "-",
  };
}

/** A time counts only where both sides compute the same. */
function checkAgree(what, own, other) {
  if (!(Math.abs(own - other) <= 1e-3 * Math.abs(other)))
    throw new Error(`bench adapters: the ${what} of VCE must be that of torch, ${other}, received ${own}`);
}

/** Random weights: those of the start look at whole pixels only. */
export async function makeStudy(folder, batch) {
  const { safetensors, vce, train } = require("fovea");
  const tf = require("@tensorflow/tfjs-core");
  const normal = (shape, deviation, seed) => tf.randomNormal(shape, 0, deviation, "float32", seed);
  const model = new vce.Vce(FEATURES);
  const parameters = model.namedParameters();
  [...parameters.values()].forEach((one, i) =>
    tf.tidy(() => one.assign(tf.add(one.value, normal(one.shape, 0.02, 10 + i)))),
  );
  const levels = Array.from({ length: LEVELS }, (_, i) => normal([batch, GRID * GRID, FEATURES], 1, 1 + i));
  const values = [
    ...[...parameters].map(([name, { value }]) => [name, value]),
    ...levels.map((x, i) => [`level.${i}`, x]),
  ];
  const stored = values.map(([name, one]) => [name, { dtype: "F32", shape: one.shape, data: one.dataSync() }]);
  await safetensors.write(join(folder, "vce.safetensors"), new Map(stored));
  // In two steps: wasm adds in single precision, one value after the other.
  const loss = () => tf.mean(tf.mean(tf.square(model.forward(levels, [GRID, GRID])), -1));
  return {
    async step() {
      const before = tf.memory().numTensors;
      const start = performance.now();
      const found = train.lossAndGradients(loss, parameters);
      const [value] = await found.loss.data();
      const ms = performance.now() - start;
      const scalar = train.globalNorm(found.gradients);
      const [norm] = await scalar.data();
      scalar.dispose();
      train.disposeGradients(found);
      if (tf.memory().numTensors !== before) throw new Error("bench adapters: a step of VCE must leave no tensor");
      return { ms, loss: value, norm };
    },
    dispose() {
      model.dispose();
      tf.dispose(levels);
    },
  };
}
