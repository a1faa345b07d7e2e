/**
 * Parts of a plan: the rate of a worker from tars beside a torch DataLoader with onnxruntime and beside clip-retrieval, two
 * workers on two cores, what the contract of parts costs, and plans of a million and a billion pictures.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { packTar } from "modern-tar";
import { root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { peersPython, retrievalPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const ENCODER = "zoo/parts-hybrid";
const CLI = join(root, "kernel", "dist", "cli.js");
const BATCH = 8;

export async function scale({ short = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "fovea-scale-"));
  const [perTar, rounds] = short ? [16, 1] : [192, 3];
  try {
    const tars = await writeTars(join(folder, "tars"), perTar);
    const rows = [
      ...(await besidePeers(folder, tars, perTar, rounds)),
      await twoWorkers(folder, tars, perTar, rounds),
      await overhead(folder, perTar, rounds),
      ...(await planning(folder, short)),
    ];
    return {
      title: "Parts of a plan",
      note:
        `Two tars of ${perTar} JPEG files of 512 px to mean vectors of ${ENCODER} on disk, batches of ${BATCH}, CPU; median of ${rounds} rounds. ` +
        "The rate of a worker is that of its parts after the model is loaded. The peers read the same tars in a worker of torch's DataLoader and run " +
        "the same graph in onnxruntime: one is a script, the other clip-retrieval's own reader, runner and writer. Workers that are compared have a core each. The contract's cost is that of checksums, renames and records: " +
        "one part beside features.extract on the same files.",
      rows,
      summary: rows,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeTars(folder, perTar) {
  const { data } = require("fovea");
  const sharp = require("sharp");
  mkdirSync(join(folder, "files"), { recursive: true });
  for (let tar = 0; tar < 2; tar++) {
    const entries = [];
    for (let i = 0; i < perTar; i++) {
      const {
        data: rgb,
        width,
        height,
      } = data.world.render(data.world.scene(tar * perTar + i, { split: "val", size: 512 }));
      const body = await sharp(rgb, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 95 })
        .toBuffer();
      const name = `${String(i).padStart(4, "0")}.jpg`;
      if (tar === 0) writeFileSync(join(folder, "files", name), body);
      entries.push({ header: { name, size: body.length, mtime: new Date(0) }, body });
    }
    writeFileSync(join(folder, `${tar}.tar`), await packTar(entries));
  }
  return folder;
}

const planOf = (folder, source, more = {}) => {
  const { features } = require("fovea");
  const output = join(folder, `plan-${Math.random().toString(36).slice(2)}`, "plan.json");
  return features.plan({ source, output, encoder: ENCODER, batchSize: BATCH, format: "embeddings", ...more });
};

/** Rate of one worker on all cores beside the peers, and the share of time in which its model waits. */
async function besidePeers(folder, tars, perTar, rounds) {
  const { encoders, features } = require("fovea");
  const peers = await pythonPeers();
  const encoder = await encoders.load(ENCODER, { device: "cpu" });
  const found = { own: [], waited: [] };
  try {
    await features.extractPart(await planOf(folder, join(tars, "{0..1}.tar")), 0, { encoder });
    for (let round = 0; round < rounds; round++) {
      const plan = await planOf(folder, join(tars, "{0..1}.tar"));
      const { took } = await features.extractPart(plan, 1, { encoder });
      found.own.push(perTar / took.seconds);
      found.waited.push(took.waited / took.seconds);
      for (const { python, script, rates } of peers) if (python) rates.push(await peerRate([python], script, tars));
    }
  } finally {
    await encoder.dispose();
  }
  const own = median(found.own);
  const beside = ({ name, rates, reason }) =>
    reason
      ? rowOf("one worker, from tars", rate(own), `${name}: ${reason}`, null)
      : rowOf("one worker, from tars", rate(own), `${name} ${median(rates).toFixed(1)}`, own / median(rates));
  return [
    ...peers.map(beside),
    rowOf("share of time in which the model waits", percent(median(found.waited)), "-", null),
  ];
}

/** The peers with their Python, or with the reason why one is not here. */
async function pythonPeers() {
  const torch = { name: "torch DataLoader + onnxruntime", script: "scale.py", python: await peersPython(), rates: [] };
  const retrieval = { name: "clip-retrieval + onnxruntime", script: "retrieval.py", rates: [] };
  try {
    retrieval.python = await retrievalPython();
  } catch (error) {
    retrieval.reason = `does not install here (${error.message.split("\n")[0]})`;
  }
  return [torch, retrieval];
}

/** Pictures a second of a peer, after a first tar. */
async function peerRate([program, ...args], script, tars) {
  const model = join(root, "kernel", "zoo", ENCODER.slice(4));
  const places = [model, String(BATCH), join(tars, "0.tar"), join(tars, "1.tar")];
  return JSON.parse(await capture(program, [...args, "-W", "ignore", join(root, "test", "bench", script), ...places]))
    .rate;
}

/** Two workers with a core each beside twice one of them, ours and the peer's: what they take from each other on this machine. */
async function twoWorkers(folder, tars, perTar, rounds) {
  const what = "two workers on two cores, of twice one on one core";
  if (process.platform !== "linux" || availableParallelism() < 2)
    return rowOf(what, "not measured", "taskset and two cores are needed", null);
  const python = await peersPython();
  const own = { alone: [], both: [], rates: (cores) => workers(folder, tars, perTar, cores) };
  const peer = { alone: [], both: [], rates: (cores) => peerWorkers(python, tars, cores) };
  for (let round = 0; round < rounds; round++)
    for (const one of [own, peer]) {
      one.alone.push(await one.rates(["0"]));
      one.both.push(await one.rates(["0", "1"]));
    }
  const share = ({ alone, both }) => median(both) / (2 * median(alone));
  return rowOf(
    what,
    `${rate(median(own.both))}, ${share(own).toFixed(3)}`,
    `torch DataLoader + onnxruntime ${median(peer.both).toFixed(1)}, ${share(peer).toFixed(3)}`,
    share(own) / share(peer),
  );
}

/** Pictures a second of the peer's workers that run at the same time, each on its core. */
async function peerWorkers(python, tars, cores) {
  const rates = await Promise.all(cores.map((core) => peerRate(["taskset", "-c", core, python], "scale.py", tars)));
  return rates.reduce((sum, one) => sum + one, 0);
}

/** Pictures a second of workers that run at the same time, each on its core with a separate part. */
function workers(folder, tars, perTar, cores) {
  const output = join(folder, `cores-${Math.random().toString(36).slice(2)}`, "plan.json");
  const source = join(tars, "{0..1}.tar");
  const plan = [
    "extract",
    "plan",
    source,
    "--encoder",
    ENCODER,
    "--batch-size",
    String(BATCH),
    "--format",
    "embeddings",
  ];
  run([process.execPath, CLI, ...plan, "--output", output]);
  const part = (core) =>
    `taskset -c ${core} "$0" "$1" extract --plan "$2" --part ${core} --device cpu --copies 1 >/dev/null`;
  run(["bash", "-c", `${cores.map(part).join(" & ")} & wait`, process.execPath, CLI, output]);
  const seconds = cores.map((core) => {
    const record = join(output.replace(/\.json$/, ".parts"), "000000", core.padStart(9, "0"), "part.json");
    return JSON.parse(readFileSync(record, "utf8")).took.seconds;
  });
  return seconds.reduce((sum, one) => sum + perTar / one, 0);
}

function run([program, ...args]) {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`bench: ${program} ended with ${status}: ${stderr}`);
}

async function overhead(folder, perTar, rounds) {
  const { encoders, features } = require("fovea");
  const encoder = await encoders.load(ENCODER, { device: "cpu" });
  const images = join(folder, "tars", "files");
  const [plain, parts] = [[], []];
  const timed = async (body) => {
    const start = performance.now();
    await body();
    return performance.now() - start;
  };
  try {
    for (let round = 0; round <= rounds; round++) {
      const out = join(folder, `plain-${round}`);
      const plan = await planOf(folder, images, { format: "safetensors", picturesPerPart: perTar });
      // Both with one copy: extract chooses by the number of batches, which a part does not know.
      plain.push(await timed(() => features.extract({ encoder, images, out, batchSize: BATCH, copies: 1 })));
      parts.push(await timed(() => features.extractPart(plan, 0, { encoder, copies: 1 })));
    }
  } finally {
    await encoder.dispose();
  }
  // The first round warms both.
  const [one, other] = [median(plain.slice(1)), median(parts.slice(1))];
  return rowOf(
    "one part",
    `${(other / 1e3).toFixed(2)} s`,
    `features.extract ${(one / 1e3).toFixed(2)} s`,
    other / one,
  );
}

async function planning(folder, short) {
  const count = short ? 1e4 : 1e6;
  const list = join(folder, "list.txt");
  writeFileSync(list, Array.from({ length: count }, (_, i) => `pictures/${i}.jpg\n`).join(""));
  const listed = fresh(folder, list);
  const pattern = fresh(folder, "https://example.org/{00000..99999}.tar");
  const words = ({ seconds, status, megabytes }) =>
    `${seconds.toFixed(1)} s, status ${status.toFixed(1)} s, ${megabytes} MB`;
  return [
    rowOf(`plan of ${count.toLocaleString("en-US")} listed pictures`, words(listed), "-", null),
    rowOf("plan of 1,000,000,000 pictures in 100,000 tars", words(pattern), "-", null),
  ];
}

/** Seconds and most memory of a new process that plans and tells the state. */
function fresh(folder, source) {
  const output = join(folder, `planning-${Math.random().toString(36).slice(2)}`, "plan.json");
  const code = `
    const { features } = require(${JSON.stringify(join(root, "kernel", "dist", "index.js"))});
    const time = async (body) => { const start = performance.now(); await body(); return (performance.now() - start) / 1e3; };
    (async () => {
      const seconds = await time(() => features.plan({ source: ${JSON.stringify(source)}, output: ${JSON.stringify(output)}, encoder: ${JSON.stringify(ENCODER)} }));
      const status = await time(() => features.status(${JSON.stringify(output)}));
      console.log(JSON.stringify({ seconds, status, megabytes: Math.round(process.resourceUsage().maxRSS / 1024) }));
    })();`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", code], { encoding: "utf8" });
  if (status !== 0) throw new Error(`bench: planning ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

const rowOf = (what, Fovea, peer, ratio) => ({ what, Fovea, peer, ratio: ratio === null ? "-" : ratio.toFixed(3) });
const rate = (value) => `${value.toFixed(1)} images/s`;
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
