/** Extracts all pictures of a folder and prints the peak of this process's memory, in bytes, after a fifth of them and at the end. */
import { createRequire } from "node:module";

const { encoders, features } = createRequire(import.meta.url)("../../kernel/dist/index.js");
const [model, images, out] = process.argv.slice(2);

const peak = () => process.resourceUsage().maxRSS * 1024;
const encoder = await encoders.load(model, { device: "cpu", preprocess: {}, inputSize: 64 });
let early = 0;
const onProgress = ({ done, total }) => {
  if (!early && done >= total / 5) early = peak();
};
const { ok } = await features.extract({ encoder, images, out, indices: [0, 1, 2], onProgress, progress: false });
process.stdout.write(JSON.stringify({ ok, early, late: peak() }));
await encoder.dispose();
