/** Images on disk to features on disk, beside torch and onnxruntime in Python, in fp32 and in int8; what half the depth, int8 and the graph's edit cost. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const ZOO = join(root, "kernel", "zoo");
const SMALL = "parts-hybrid";
const [BATCH, ROUNDS] = [8, 3];
/** Copies of the model that `features.extract` makes by itself for as many images as are measured, but not for the few that come first. */
const COPIES = 2;
const IMAGES = { "ViT-B/16, 224 px, random": 96, [`zoo/${SMALL}, 128 px`]: 192 };

/** Program of each peer. */
const PEERS = {
  torch: "Python torch, fp32,",
  onnxruntime: "Python onnxruntime, fp32,",
  "onnxruntime int8": "Python onnxruntime, quantize_dynamic,",
};

export async function extraction() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const python = await peersPython();
    const vit = await makeVit(folder, python);
    const models = [vit, join(ZOO, SMALL)];
    const speeds = [];
    for (const [i, [name, count]] of Object.entries(IMAGES).entries()) {
      const images = await writeImages(join(folder, `images-${count}`), count);
      speeds.push(await speed(name, models[i], images, python, folder));
    }
    const rows = [
      ...speeds.flat(),
      ...(await underLoad(join(ZOO, SMALL), join(folder, "images-192"), python, folder)),
      await halfDepth(vit, join(folder, "images-96")),
      await int8(folder),
      ...(await edit(vit)),
    ];
    return {
      title: "Extraction",
      note:
        `JPEG files of 512 px to the tokens of the last block on disk, batches of ${BATCH}, CPU; images per second, median of ${ROUNDS} ` +
        `rounds by turns. ${Object.values(IMAGES).join(" and ")} images, of which a first batch of the peers and two of Fovea, with the loading of ` +
        `their models, do not count.`,
      rows,
      summary: rows.map(({ measure, Fovea, peer, ratio }) => ({ what: measure, Fovea, peer, ratio })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeVit(folder, python) {
  const model = join(folder, "vit");
  mkdirSync(model);
  await capture(python, ["-W", "ignore", join(root, "test", "bench", "vit.py"), model]);
  return model;
}

async function writeImages(folder, count) {
  const { data } = require("fovea");
  const sharp = require("sharp");
  mkdirSync(folder);
  for (let seed = 0; seed < count; seed++) {
    const { data: rgb, width, height } = data.world.render(data.world.scene(seed, { split: "val", size: 512 }));
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 95 })
      .toFile(join(folder, `${String(seed).padStart(4, "0")}.jpg`));
  }
  return folder;
}

async function speed(name, model, images, python, folder) {
  const script = join(root, "test", "bench", "extraction.py");
  const zoo = model.startsWith(ZOO) ? ["--train", join(ZOO, "train")] : [];
  const args = ["--images", images, "--model", model, ...zoo, "--batch", String(BATCH)];
  const isLarge = zoo.length === 0;
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    const peers = JSON.parse(
      await capture(python, [script, ...args, ...(isLarge ? ["--int8", join(folder, "int8.onnx")] : [])]),
    );
    const out = join(folder, "features");
    const own = {
      fp32: await ourRate(model, images, out),
      ...(isLarge && { int8: await ourRate(model, images, out, "int8") }),
    };
    rounds.push({ ...peers, ...own });
  }
  const middle = (key) => median(rounds.map((round) => round[key]));
  const row = (own, peer) => ({
    measure: own === "int8" ? `${name}, Fovea in int8` : name,
    Fovea: `${middle(own).toFixed(1)} images/s`,
    peer: `${PEERS[peer]} ${middle(peer).toFixed(1)}`,
    ratio: (middle(own) / middle(peer)).toFixed(2),
  });
  const fp32 = ["torch", "onnxruntime"];
  return [
    ...fp32.map((peer) => row("fp32", peer)),
    ...(isLarge ? [...fp32, "onnxruntime int8"].map((peer) => row("int8", peer)) : []),
  ];
}

/** Rate of the images after two first batches. The time of loading is left out, as the peers' is; here it is that of the copies of the model that work side by side. */
async function ourRate(model, images, out, precision = "fp32") {
  const { encoders, features } = require("fovea");
  const encoder = await encoders.load(model, { device: "cpu", precision });
  const seconds = async (some) => {
    const start = performance.now();
    await features.extract({ encoder, images: some, indices: [-1], batchSize: BATCH, copies: COPIES, out });
    const end = performance.now();
    rmSync(out, { recursive: true });
    return (end - start) / 1e3;
  };
  try {
    const first = firstOf(images, 2 * BATCH);
    // The model's hash is computed once.
    await seconds(first);
    const [few, all] = [await seconds(first), await seconds(images)];
    return (readdirSync(images).length - first.length) / (all - few);
  } finally {
    await encoder.dispose();
  }
}

/** What is left of the rate while another program keeps every core busy; onnxruntime's threads wait in a loop, or asleep. */
async function underLoad(model, images, python, folder) {
  const script = join(root, "test", "bench", "extraction.py");
  const theirs = async (...more) => {
    const args = ["--images", images, "--model", model, "--batch", String(BATCH), "--onnxruntime", ...more];
    return JSON.parse(await capture(python, [script, ...args])).onnxruntime;
  };
  const runs = {
    own: () => ourRate(model, images, join(folder, "features")),
    spinning: () => theirs(),
    asleep: () => theirs("--asleep"),
  };
  const parts = { own: [], spinning: [], asleep: [] };
  for (let i = 0; i < ROUNDS; i++)
    for (const [who, run] of Object.entries(runs)) {
      const alone = await run();
      parts[who].push((await beside(run)) / alone);
    }
  const left = (who) => median(parts[who]);
  const what = `zoo/${SMALL}, 128 px, part of the rate that is left while another program keeps every core busy`;
  return [
    compared(what, left("own"), "Python onnxruntime", left("spinning"), (part) => part.toFixed(2)),
    compared(what, left("own"), "Python onnxruntime, no spinning threads,", left("asleep"), (part) => part.toFixed(2)),
  ];
}

/** Runs `body` beside a busy loop for every core. */
async function beside(body) {
  const loops = cpus().map(() => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
  try {
    return await body();
  } finally {
    for (const loop of loops) loop.kill();
  }
}

function firstOf(images, count = BATCH) {
  return Array.from({ length: count }, (_, i) => join(images, `${String(i).padStart(4, "0")}.jpg`));
}

/** Blocks 0-5 of 12, by a graph that ends there, beside all of them. */
async function halfDepth(model, images) {
  const { encoders } = require("fovea");
  const encoder = await encoders.load(model, { device: "cpu" });
  const paths = firstOf(images);
  const run = async (layer) => {
    const start = performance.now();
    await encoder.forwardIntermediates(paths, { indices: [layer], stopEarly: true, intermediatesOnly: true });
    return performance.now() - start;
  };
  const [half, full] = [[], []];
  for (let i = 0; i <= ROUNDS; i++) {
    half.push(await run(5));
    full.push(await run(11));
  }
  await encoder.dispose();
  const [own, all] = [median(half.slice(1)), median(full.slice(1))].map((ms) => ms / paths.length);
  return compared(
    "ViT-B/16, stopEarly after half of the blocks",
    own,
    "all blocks",
    all,
    (ms) => `${ms.toFixed(0)} ms/image`,
  );
}

/** PCK at 0.1 from features as they are stored, beside single precision. */
async function int8(folder) {
  const { data, features, law } = require("fovea");
  const set = join(folder, "pairs");
  await data.world.writeSpair(set, { split: "test", pairs: 300 });
  const { pairs } = data.spair.read(set);
  const images = [...new Set(pairs.flatMap(({ source, target }) => [source.path, target.path]))];
  const score = async (dtype) => {
    const out = join(folder, `stored-${dtype}`);
    await features.extract({ encoder: `zoo/${SMALL}`, images, indices: [-1], out, dtype, device: "cpu" });
    return (await law.cScore(await features.open(out), pairs, { alphas: [0.1] })).perPair[0];
  };
  const [own, full] = [await score("int8"), await score("f32")];
  return compared(`zoo/${SMALL}, PCK of 300 pairs from int8 features`, own, "f32 features", full, (pck) =>
    pck.toFixed(2),
  );
}

/** A process that loads the model as it is, and one that loads it edited: time and the most memory either had. */
async function edit(model) {
  const script = join(root, "test", "bench", "load.mjs");
  const runs = { plain: [], edited: [] };
  for (let i = 0; i < ROUNDS; i++)
    for (const [how, list] of Object.entries(runs))
      list.push(JSON.parse(await capture(process.execPath, [script, how, model])));
  const middle = (how, key) => median(runs[how].map((run) => run[key]));
  const pair = (key) => [middle("edited", key), "onnxruntime, the file as it is,", middle("plain", key)];
  return [
    compared("ViT-B/16 (343 MB), time to load with all blocks exposed", ...pair("ms"), (ms) => `${ms.toFixed(0)} ms`),
    compared("the same, most memory of the process", ...pair("mib"), (mib) => `${mib.toFixed(0)} MiB`),
  ];
}

function compared(measure, own, name, other, text) {
  return { measure, Fovea: text(own), peer: `${name} ${text(other)}`, ratio: (own / other).toFixed(3) };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
