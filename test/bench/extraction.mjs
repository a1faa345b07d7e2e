/** Images on disk to features of the last block, beside torch and onnxruntime in Python. */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const ENCODER = "parts-hybrid";
const IMAGES = 192;
const SIDE = 512;
const BATCH = 16;
const RUNS = 3;

export async function extraction() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const paths = await writeImages(folder);
    const python = await peersPython();
    const model = join(root, "kernel", "zoo", ENCODER);
    const args = ["--images", folder, "--model", model, "--train", join(root, "kernel", "zoo", "train")];
    const options = ["--batch", String(BATCH), "--runs", String(RUNS)];
    const script = join(root, "test", "bench", "extraction.py");
    const peers = JSON.parse(await capture(python, [script, ...args, ...options]));
    const ours = await ourRate(paths);
    return {
      title: "Extraction",
      note: `${IMAGES} JPEG files of ${SIDE} px to the last block of zoo/${ENCODER}, batches of ${BATCH}, CPU; images per second, median of ${RUNS}.`,
      rows: Object.entries(peers).map(([peer, rate]) => ({
        peer,
        "peer images/s": rate.toFixed(1),
        "Fovea images/s": ours.toFixed(1),
        ratio: (ours / rate).toFixed(2),
      })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeImages(folder) {
  const { data } = require("fovea");
  const sharp = require("sharp");
  const paths = [];
  for (let seed = 0; seed < IMAGES; seed++) {
    const { rgb, width, height } = data.world.render(data.world.scene(seed, { split: "val", size: SIDE }));
    const path = join(folder, `${String(seed).padStart(4, "0")}.jpg`);
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 95 })
      .toFile(path);
    paths.push(path);
  }
  return paths;
}

async function ourRate(paths) {
  const { encoders } = require("fovea");
  const encoder = await encoders.load(`zoo/${ENCODER}`, { device: "cpu" });
  const options = { indices: [-1], intermediatesOnly: true, outputFmt: "NLC", batchSize: BATCH };
  await encoder.forwardIntermediates(paths.slice(0, BATCH), options);
  const rates = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    await encoder.forwardIntermediates(paths, options);
    rates.push((1e3 * paths.length) / (performance.now() - start));
  }
  await encoder.dispose();
  return rates.sort((a, b) => a - b)[Math.floor(RUNS / 2)];
}
