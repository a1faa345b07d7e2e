/** C score over 2,000 pairs from cached features and A score over 100 images, beside vectorised PyTorch on the same arrays. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const RUNS = 3;
const CANVAS = 840;
const STUDY = {
  ...{ images: 100, pairs: 2000, keypoints: 9, side: 24, channels: 1024 },
  // Some of the 100 images of the A score, to keep the arrays small; times are scaled to 100.
  ...{ tokenImages: 20, width: 4096, tokens: { target: 576, clip336: 576, clip224: 256 } },
};
const SCALE = 100 / STUDY.tokenImages;

export async function law() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const study = makeStudy(folder);
    const python = await peersPython();
    const script = join(root, "test", "bench", "law.py");
    const peer = JSON.parse(await capture(python, [script, "--folder", folder, "--runs", String(RUNS)]));
    const ours = { "C score": await cScore(study), "A score": await aScore(study) };
    const seconds = { "C score": 1, "A score": SCALE };
    return {
      title: "Law",
      note:
        `C score: ${STUDY.pairs} pairs of ${STUDY.keypoints} keypoints, cached ${STUDY.side}x${STUDY.side}x${STUDY.channels}. ` +
        `A score: 100 images of 576 x ${STUDY.width} tokens against 576 and 256 (${STUDY.tokenImages} measured). ` +
        `CPU, seconds, median of ${RUNS}; ratios are Fovea / PyTorch.`,
      rows: Object.keys(ours).map((name) => {
        checkAgree(name, ours[name].value, peer[name].value);
        const [own, other] = [ours[name].seconds * seconds[name], peer[name].seconds * seconds[name]];
        const ratio = (own / other).toFixed(2);
        return { measure: name, "PyTorch s": other.toFixed(2), "Fovea s": own.toFixed(2), ratio };
      }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A time counts only where both sides computed the same thing; a keypoint at the threshold may fall on either side. */
function checkAgree(name, own, other) {
  if (!(Math.abs(own - other) <= (name === "C score" ? 0.1 : 1e-4)))
    throw new Error(`bench law: the ${name} must be that of PyTorch, ${other}, received ${own}`);
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

async function median(run) {
  const seconds = [];
  let value;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    value = await run();
    seconds.push((performance.now() - start) / 1e3);
  }
  return { seconds: seconds.sort((a, b) => a - b)[Math.floor(RUNS / 2)], value };
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
          ...{ layer: 0, grid: [STUDY.side, STUDY.side], channels: STUDY.channels },
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
  return median(async () => (await library.cScore(encoder, scored, { alphas: [0.1] })).perPair[0]);
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
      return await median(async () => (await library.aScoreWith(aligner, sets("target"), references)).score);
    } finally {
      await aligner.dispose();
    }
  });
}
