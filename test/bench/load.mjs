/** usage: load.mjs plain|edited MODEL_DIR: loads an encoder in a separate process and prints {ms, mib: the most memory it had}. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const [how, model] = process.argv.slice(2);

async function main() {
  const { InferenceSession } = require("onnxruntime-node");
  const { encoders } = require("fovea");
  const start = performance.now();
  if (how === "plain") await InferenceSession.create(join(model, "model.onnx"), { executionProviders: ["cpu"] });
  else await encoders.load(model, { device: "cpu" });
  const ms = performance.now() - start;
  process.stdout.write(JSON.stringify({ ms, mib: mostMemory() }));
  process.exit(0);
}

/** Linux counts in `maxRSS` what the process that started this one had. */
function mostMemory() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
}

void main();
