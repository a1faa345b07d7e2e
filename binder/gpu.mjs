/**
 * `npm run gpu`: encoders on CUDA beside Python's onnxruntime, and training steps on TensorFlow's build for GPUs beside torch, in at
 * most eight minutes. It installs nothing: missing packages are named and left out. The tables go into the documents, the text that it
 * printed into `test/bench/gpu.log`. Without a GPU it says so and ends.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fail, findPython, root } from "./setup.mjs";
import { LinePeer } from "../test/bench/peers.mjs";
import { keep, section } from "../test/bench/tables.mjs";

const MINUTES = 8;
const END = performance.now() + MINUTES * 60_000;
const BATCHES = [1, 16, 64];
const TRAININGS = [
  ["vit", 32, "ViT, 128 wide, 6 blocks, 256 tokens, batch 32"],
  ["lora", 16, "LoRA, rank 8, on a frozen block, 16 x 197 x 768"],
];
/** Steps that are not counted, and counted ones. */
const [WARM_UP, ROUNDS] = [3, 20];
const LOG = join(root, "test", "bench", "gpu.log");

const lines = [];

function say(text) {
  lines.push(text);
  process.stdout.write(`${text}\n`);
}

/** Returns name, driver and memory of the first GPU as NVIDIA's tool says them; null without one. */
function gpu() {
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
  const { status, stdout } = spawnSync("nvidia-smi", query, { encoding: "utf8", timeout: 20_000 });
  const [first] = status === 0 ? stdout.trim().split("\n") : [];
  return first || null;
}

/** Returns Fovea as it was built; null before a build. */
function library() {
  const main = join(root, "kernel", "dist", "index.js");
  return existsSync(main) ? createRequire(join(root, "kernel", "package.json")) : null;
}

/** Returns the Python of the benchmark where it was made, else the machine's. */
function python() {
  const made = join(root, ".fovea", "bench-python", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  return existsSync(made) ? made : findPython();
}

/** Runs steps of a side by itself: a GPU that two sides share tells nothing. Returns milliseconds; null where it fails. */
async function timed(name, program, script, args, env = {}) {
  const peer = new LinePeer(program, script, args, env);
  peer.child.on("error", () => undefined);
  const times = [];
  try {
    const { value, done } = await inTime(peer.lines.next());
    if (done || !value.startsWith("ready")) throw new Error(done ? "it ended early" : value);
    for (let i = 0; i < WARM_UP + ROUNDS; i++) times.push((await inTime(peer.step())).ms);
    peer.end();
  } catch (error) {
    peer.child.kill();
    say(`${name}: ${error.message}`);
    return null;
  }
  return times.slice(WARM_UP).sort((a, b) => a - b)[ROUNDS >> 1];
}

/** Refuses work that takes longer than the time left. */
function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the ${MINUTES} minutes are over`)),
      Math.max(0, END - performance.now()),
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const ratio = (own, peer) => (own && peer ? (own / peer).toFixed(2) : "-");
const rate = (count, ms) => (ms ? ((1000 * count) / ms).toPrecision(4) : "-");

/** Images a second of a vision transformer, from prepared pixels to the tokens of its last block. */
async function encoderRows(require, environment, folder) {
  const model = await writeVit(require, folder);
  const rows = [];
  for (const batch of BATCHES) {
    const ours = ["gpu-encoder.mjs", [model, String(batch)]];
    const own = await timed(`Fovea, batch ${batch}`, process.execPath, ...ours, environment);
    const peer = await timed(`Python's onnxruntime, batch ${batch}`, python(), "gpu.py", [model, String(batch)]);
    const [fovea, theirs] = [rate(batch, own), rate(batch, peer)];
    const is = ratio(peer, own);
    rows.push({
      what: `ViT-B/16, 224 px, batch ${batch}, images/s`,
      Fovea: fovea,
      peer: `onnxruntime ${theirs}`,
      ratio: is,
    });
    say(`ViT-B/16, batch ${batch}: ${fovea} images/s, Python's onnxruntime ${theirs}`);
  }
  return rows;
}

async function writeVit(require, folder) {
  const { models, nn } = require("fovea");
  await nn.start("native");
  const vit = new models.VisionTransformer({ ...models.vitConfig("vit_base_patch16_224"), numClasses: 0 });
  const inputs = { pixel_values: [1, 3, 224, 224] };
  const path = join(folder, "vit.onnx");
  await (await models.toOnnx(vit, { inputs, dynamic: ["batch"] })).save(path);
  vit.dispose();
  return path;
}

/** Steps a second of whole trainings. */
async function trainingRows(environment, folder) {
  const rows = [];
  for (const [name, batch, title] of TRAININGS) {
    const args = [name, "tensorflow", String(batch), folder];
    const own = await timed(`Fovea, ${title}`, process.execPath, "training-peer.mjs", args, environment);
    const theirs = [name, String(batch), folder, "cuda"];
    const peer = own === null ? null : await timed(`torch, ${title}`, python(), "training.py", theirs);
    rows.push({
      what: `${title}, steps/s`,
      Fovea: rate(1, own),
      peer: `torch ${rate(1, peer)}`,
      ratio: ratio(peer, own),
    });
    say(`${title}: ${rate(1, own)} steps/s, torch ${rate(1, peer)}`);
  }
  return rows;
}

/** Returns the missing packages, each with the command that installs it. */
function missing({ backendFolder }) {
  const commands = { cuda: "fovea backend install cuda", "tensorflow-gpu": "fovea backend install tensorflow --gpu" };
  return Object.entries(commands).filter(([name]) => !existsSync(backendFolder(name)));
}

async function main() {
  const card = gpu();
  if (!card) return process.stdout.write("fovea: no NVIDIA GPU here, so nothing was measured on one.\n");
  const require = library();
  if (!require) throw new Error("npm run gpu: Fovea must be built first: npm run setup");
  say(`${new Date().toISOString()}: ${card}, ${cpus().length} x ${cpus()[0].model}, Node ${process.versions.node}`);
  const places = require(join(root, "kernel", "dist", "backend", "install", "places.js"));
  const lacks = new Map(missing(places));
  for (const [name, command] of lacks) say(`${name} is not installed (${command}): left out`);
  const folder = mkdtempSync(join(tmpdir(), "fovea-gpu-"));
  try {
    const environment = places.loaderEnvironment();
    const encoders = lacks.has("cuda") ? [] : await encoderRows(require, environment, folder);
    const trainings = lacks.has("tensorflow-gpu") ? [] : await trainingRows(environment, folder);
    report([...encoders, ...trainings], card);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit(0);
}

function report(rows, card) {
  if (!rows.length) return say("nothing was measured");
  const note = `Medians of ${ROUNDS} rounds after ${WARM_UP}, each side by itself; ratio: Fovea / peer in rates, above 1 is better.`;
  const table = { title: "On a GPU", note, rows, summary: rows };
  const machine = `On ${card}, Node ${process.versions.node}; the log is in gpu.log.`;
  keep("gpu", table, machine);
  say(section(table, machine));
  writeFileSync(LOG, `${lines.join("\n")}\n`);
}

main().catch(fail);
