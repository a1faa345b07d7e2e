/** Whole training steps on every device beside torch and torch + PEFT: time, processor time and the most memory, by turns. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { LinePeer, peersPython } from "./peers.mjs";

/** Cases with their batch, rounds and the goals for `native` over torch: time, and memory where there is one. */
const CASES = [
  {
    name: "vit",
    batch: 8,
    rounds: 15,
    title: "ViT, 128 wide, 6 blocks, 256 tokens, batch 8",
    goals: { time: 1, memory: 0.8 },
  },
  {
    name: "vit",
    batch: 32,
    rounds: 7,
    title: "ViT, 128 wide, 6 blocks, 256 tokens, batch 32",
    goals: { time: 1, memory: 0.8 },
  },
  { name: "tiny", batch: 4, rounds: 25, title: "ViT, 32 wide, 2 blocks, 256 tokens, batch 4", goals: { time: 1.5 } },
  {
    name: "lora",
    batch: 16,
    rounds: 7,
    title: "LoRA, rank 8, on a frozen block, 16 x 197 x 768",
    goals: { time: 0.8 },
  },
  { name: "vce", batch: 1, rounds: 9, title: "VCE, 576 tokens x 1024, 4 levels, batch 1", goals: { time: 1 } },
  { name: "vce", batch: 4, rounds: 5, title: "VCE, 576 tokens x 1024, 4 levels, batch 4", goals: { time: 1 } },
];
/** Widest vectors that the processor computes with, where the system tells. */
function instructions() {
  const path = "/proc/cpuinfo";
  const flags = existsSync(path) ? readFileSync(path, "utf8") : "";
  const found = ["avx512f", "avx2", "asimd"].find((flag) => new RegExp(`\\b${flag}\\b`).test(flags));
  return found ?? "unknown instructions";
}

const DEVICES = ["native", "tensorflow", "wasm"];
/** Rounds of a device that is many times slower than the others. */
const SLOW = { wasm: 2 };
/** Cases of ours over other cases of ours. */
const OWN = [
  ["Dual-LoRA over our LoRA", ["dual", "lora"], 16, 7, { time: 1.1 }],
  [
    "the ViT, batch 32, with `recompute`, over itself without",
    ["recompute", "vit"],
    32,
    5,
    { time: 1.35, memory: 0.5 },
  ],
];

export async function training({ short = false } = {}) {
  const python = await peersPython();
  const rows = [];
  for (const one of CASES) rows.push(...(await rowsOf(short ? { ...one, rounds: 2 } : one, python, short)));
  for (const [title, names, batch, rounds, goals] of OWN)
    rows.push(await ownRow(title, names, batch, short ? 2 : rounds, goals));
  return {
    title: "Training",
    note:
      "One training step: forward, backward and AdamW (VCE: without an update), medians of rounds by turns, each side in a process that " +
      "computes nothing else. Both sides begin with the same weights and compute the same losses. Peak: the most memory that the process " +
      "has held. `torch, passive` has OMP_WAIT_POLICY=passive, for machines that do other work too. Goals are for `native` over torch. " +
      `${cpus().length} cores, ${instructions()}.`,
    rows,
  };
}

async function rowsOf({ name, batch, rounds, title, goals }, python, short) {
  const peer = name === "lora" ? "torch + PEFT" : "torch";
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const sides = {};
    // The first of ours writes the weights for the others.
    for (const device of short ? ["native"] : DEVICES) {
      const own = await ours(name, device, batch, folder);
      if (own) sides[device] = own;
    }
    const theirs = (env) => new LinePeer(python, "training.py", [name, String(batch), folder], env);
    sides[peer] = theirs({});
    sides[`${peer}, passive`] = theirs({ OMP_WAIT_POLICY: "passive" });
    const found = await byTurns(sides, rounds);
    checkAgree(title, found, peer);
    return Object.entries(found).map(([side, figures]) => rowOf(title, side, figures, found[peer], goals));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A process of ours that has made its model; null for a device that is not installed. */
async function ours(name, device, batch, folder) {
  const peer = new LinePeer(process.execPath, "training-peer.mjs", [name, device, String(batch), folder]);
  const { value, done } = await peer.lines.next();
  if (!done && value === "ready") return peer;
  process.stderr.write(`bench training: no ${device}\n`);
  return null;
}

/** Medians of each side's steps; the first round is not counted. A side that ends early has none from then on. */
async function byTurns(sides, rounds) {
  const steps = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  const failed = {};
  for (let round = 0; round <= rounds; round++)
    for (const [side, peer] of Object.entries(sides)) {
      if (failed[side] || round > (SLOW[side] ?? rounds)) continue;
      try {
        steps[side].push(await peer.step());
      } catch (error) {
        failed[side] = error.message;
      }
    }
  for (const peer of Object.values(sides)) peer.end();
  return Object.fromEntries(
    Object.entries(steps).map(([side, all]) => [side, failed[side] ? { failed: true } : figuresOf(all)]),
  );
}

function figuresOf(all) {
  const counted = all.slice(1);
  const median = (key) => counted.map((step) => step[key]).sort((a, b) => a - b)[Math.floor(counted.length / 2)];
  return {
    ms: median("ms"),
    cpuMs: median("cpuMs"),
    peakBytes: all.at(-1).peakBytes,
    losses: all.map(({ loss }) => loss),
  };
}

/** A time counts only where both sides compute the same. */
function checkAgree(title, found, peer) {
  for (const [side, { losses = [] }] of Object.entries(found))
    for (const [i, loss] of losses.slice(0, 4).entries()) {
      const expected = found[peer].losses[i];
      if (!(Math.abs(loss - expected) <= 1e-3 * Math.abs(expected)))
        throw new Error(`bench training: ${title}: loss ${i} on ${side} must be ${expected}, received ${loss}`);
    }
}

function rowOf(title, side, figures, peer, goals) {
  if (figures.failed)
    return {
      step: title,
      side,
      ms: "ends with an error",
      ratio: "-",
      "CPU ms": "-",
      "peak MB": "-",
      "memory ratio": "-",
      goal: "-",
    };
  const goal = [goals.time && `time ${goals.time}`, goals.memory && `memory ${goals.memory}`]
    .filter(Boolean)
    .join(", ");
  return {
    step: title,
    side,
    ms: figures.ms.toFixed(0),
    ratio: (figures.ms / peer.ms).toFixed(2),
    "CPU ms": figures.cpuMs.toFixed(0),
    "peak MB": (figures.peakBytes / 2 ** 20).toFixed(0),
    "memory ratio": (figures.peakBytes / peer.peakBytes).toFixed(2),
    goal: side === "native" ? goal : "-",
  };
}

/** One case of ours over another, on `native`. */
async function ownRow(title, [name, other], batch, rounds, goals) {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "fovea-bench-")));
  try {
    const sides = {
      own: await ours(name, "native", batch, folders[0]),
      other: await ours(other, "native", batch, folders[1]),
    };
    const found = await byTurns(sides, rounds);
    return rowOf(title, "native", found.own, found.other, goals);
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}
