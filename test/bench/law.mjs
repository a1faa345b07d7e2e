/** C score over 2,000 pairs from cached features and A score over 100 images, beside vectorised PyTorch on the same arrays; the policy. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const [ROUNDS, RUNS] = [3, 2];
const CANVAS = 840;
const STUDY = {
  images: 100,
  pairs: 2000,
  keypoints: 9,
  side: 24,
  channels: 1024,
  // Some of the 100 images of the A score, to keep the arrays small; times are scaled to 100.
  tokenImages: 20,
  width: 4096,
  tokens: { target: 576, clip336: 576, clip224: 256 },
};
const SCALE = 100 / STUDY.tokenImages;

export async function law() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const study = makeStudy(folder);
    const rounds = [];
    // By turns, so that whatever else the machine does meets both.
    for (let i = 0; i < ROUNDS; i++) rounds.push({ peer: await torch(folder), own: await fovea(study) });
    const row = (label, measure, peerName, scale = 1) => {
      rounds.forEach(({ peer, own }) => checkAgree(measure, own[measure].value, peer[peerName].value));
      const times = (side, name) => middle(rounds.map((round) => round[side][name])).map((value) => value * scale);
      return compare(label, times("peer", peerName), times("own", measure));
    };
    const policy = middle(rounds.map(({ own }) => own.policy));
    const rows = [
      row("C score, PyTorch pair by pair", "C score", "C score"),
      row("C score, PyTorch by target too", "C score", "C score, grouped"),
      row("A score", "A score", "A score", SCALE),
      compare("AC policy alone, 1,000 trials x 8 benchmarks", null, policy),
      compare("all five strategies", null, middle(rounds.map(({ own }) => own.strategies))),
    ];
    return {
      title: "Law",
      note:
        `C score: ${STUDY.pairs} pairs of ${STUDY.keypoints} keypoints, cached ${STUDY.side}x${STUDY.side}x${STUDY.channels}, ` +
        `PyTorch pair by pair, and with the pairs of a target in one product as Fovea does. ` +
        `A score: 100 images of 576 x ${STUDY.width} tokens against 576 and 256 (${STUDY.tokenImages} measured). ` +
        `CPU, seconds, median of ${ROUNDS} rounds by turns, the faster of two runs each; ratios are Fovea / PyTorch. ` +
        `Memory of the C score beyond its features: ${await memory(study)}.`,
      rows,
      summary: rows.map((row) => ({
        what: row.measure,
        Fovea: `${row["Fovea s"]} s`,
        peer: row["PyTorch s"] === NONE ? NONE : `PyTorch ${row["PyTorch s"]} s`,
        ratio: row.ratio,
      })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function torch(folder) {
  const script = join(root, "test", "bench", "law.py");
  return JSON.parse(await capture(await peersPython(), [script, "--folder", folder, "--runs", String(RUNS)]));
}

async function fovea(study) {
  const policy = (options) => () =>
    require("fovea").law.policy(require("fovea").law.publishedTable(), { trials: 1000, ...options });
  return {
    "C score": await fastest(cScore(study)),
    "A score": await aScore(study),
    policy: await fastest(policy({ strategies: ["ac"] })),
    strategies: await fastest(policy({})),
  };
}

/** In place of a figure that there is not. */
const NONE = "-";

function compare(measure, peer, own) {
  const text = (value) => value.toFixed(2);
  return {
    measure,
    "PyTorch s": peer ? text(peer[0]) : NONE,
    "Fovea s": text(own[0]),
    ratio: peer ? text(own[0] / peer[0]) : NONE,
    "PyTorch processor s": peer ? text(peer[1]) : NONE,
    "Fovea processor s": text(own[1]),
  };
}

/** The medians of wall and processor seconds. */
function middle(measured) {
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  return [median(measured.map(({ seconds }) => seconds)), median(measured.map(({ cpu }) => cpu))];
}

/** A time counts only where both sides computed the same thing; a keypoint at the threshold may fall on either side. */
function checkAgree(name, own, other) {
  if (!(Math.abs(own - other) <= (name === "C score" ? 0.1 : 1e-4)))
    throw new Error(`bench law: the ${name} must be that of PyTorch, ${other}, received ${own}`);
}

/** Most memory of the process, above what it had before, while a quarter of the pairs and all of them are scored. */
async function memory(study) {
  const peaks = [];
  for (const count of [STUDY.pairs / 4, STUDY.pairs]) {
    const run = cScore({ ...study, pairs: study.pairs.slice(0, count) });
    const before = process.memoryUsage().rss;
    let most = before;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    await run();
    clearInterval(timer);
    peaks.push(`${Math.round((most - before) / 2 ** 20)} MiB for ${count} pairs`);
  }
  return peaks.join(", ");
}

function makeStudy(folder) {
  const random = generator(7);
  const write = (name, length) => {
    const values = Float32Array.from({ length }, () => random() + random() - 1);
    writeFileSync(join(folder, `${name}.f32`), values);
    return values;
  };
  const features = write("features", STUDY.images * STUDY.side ** 2 * STUDY.channels);
  const tokens = Object.fromEntries(
    Object.entries(STUDY.tokens).map(([name, count]) => [
      name,
      write(`tokens-${name}`, STUDY.tokenImages * count * STUDY.width),
    ]),
  );
  const point = () => [random() * CANVAS, random() * CANVAS];
  const points = () => Array.from({ length: STUDY.keypoints }, point);
  const image = () => Math.floor(random() * STUDY.images);
  const pairs = Array.from({ length: STUDY.pairs }, () => {
    const [from, to] = [image(), image()];
    return { from, to, source: points(), target: points(), size: 420 };
  });
  writeFileSync(join(folder, "study.json"), JSON.stringify({ ...STUDY, pairs }));
  return { features, tokens, pairs };
}

function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

async function fastest(run) {
  let best = { seconds: Infinity };
  for (let i = 0; i < RUNS; i++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    const value = await run();
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - start) / 1e3;
    if (seconds < best.seconds) best = { seconds, cpu: (user + system) / 1e6, value };
  }
  return best;
}

/** The features stand in for an encoder, so that normalising them once is measured as in the peer. */
function cScore({ features, pairs }) {
  const { law: library } = require("fovea");
  const size = STUDY.side ** 2 * STUDY.channels;
  const encoder = {
    name: "cached",
    forwardIntermediates: async (paths) => ({
      intermediates: [
        {
          layer: 0,
          grid: [STUDY.side, STUDY.side],
          channels: STUDY.channels,
          tokens: (i) => features.subarray(Number(paths[i]) * size, (Number(paths[i]) + 1) * size),
        },
      ],
    }),
  };
  const side = (image, points) => ({ path: String(image), size: [CANVAS, CANVAS], keypoints: { ...points } });
  const scored = pairs.map(({ from, to, source, target, size: box }) => ({
    category: "bench",
    source: side(from, source),
    target: { ...side(to, target), box: [0, 0, box, box] },
  }));
  return async () => (await library.cScore(encoder, scored, { alphas: [0.1] })).perPair[0];
}

function aScore({ tokens }) {
  const { law: library } = require("fovea");
  const sets = (name) => {
    const size = STUDY.tokens[name] * STUDY.width;
    return Array.from({ length: STUDY.tokenImages }, (_, i) => ({
      data: tokens[name].subarray(i * size, (i + 1) * size),
      width: STUDY.width,
    }));
  };
  const references = { clip336: sets("clip336"), clip224: sets("clip224") };
  return library.aligner().then(async (aligner) => {
    try {
      return await fastest(async () => (await library.aScore(sets("target"), references, { aligner })).score);
    } finally {
      await aligner.dispose();
    }
  });
}
