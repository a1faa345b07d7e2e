/** usage: load.cjs plain|edited MODEL_DIR: loads an encoder in a process of its own and prints {ms, mib: the most memory it had}. */
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const load = createRequire(join(__dirname, "..", "..", "kernel", "package.json"));
const [how, model] = process.argv.slice(2);

async function main() {
  const { InferenceSession } = load("onnxruntime-node");
  const { encoders } = load("fovea");
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
