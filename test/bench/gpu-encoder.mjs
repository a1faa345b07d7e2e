/**
 * An encoder on CUDA: a batch for each line on stdin, `{ ms }` on stdout. Pictures are prepared before.
 *
 * usage: gpu-encoder.mjs MODEL.onnx BATCH [DEVICE]
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../binder/setup.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const { encoders } = require("fovea");
const { prepareImage } = require(join(root, "kernel", "dist", "encoders", "preprocess", "preprocess.js"));

const [model, batch, device = "cuda"] = process.argv.slice(2);
const [SIDE, HALF] = [224, [0.5, 0.5, 0.5]];
const encoder = await encoders.load(model, { device, preprocess: { inputSize: SIDE, mean: HALF, std: HALF } });
const pictures = Array.from({ length: Number(batch) }, (_, k) => {
  const data = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => (i * 31 + k * 17) % 256);
  return prepareImage({ data, width: SIDE, height: SIDE, channels: 3 }, encoder.info.preprocess);
});
process.stdout.write(`ready on ${encoder.device}\n`);
for await (const line of createInterface(process.stdin)) {
  if (line !== "step") break;
  const start = performance.now();
  await encoder.forwardIntermediates(pictures, { indices: [-1], intermediatesOnly: true, batchSize: pictures.length });
  process.stdout.write(`${JSON.stringify({ ms: performance.now() - start })}\n`);
}
process.exit(0);
