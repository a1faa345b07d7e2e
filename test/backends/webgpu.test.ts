/** Encoders and training on WebGPU, as a graphics card runs them, here on a driver that computes on the processor. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { WEBGPU_PACKAGES } from "../../kernel/backend/node/webgpu.ts";
import { softwareVulkan } from "./vulkan.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..", "..");
const folder = join(root, ".fovea");
const notebooks = join(folder, "webgpu");
let environment: NodeJS.ProcessEnv | string;

before(async () => {
  mkdirSync(notebooks, { recursive: true });
  environment = await softwareVulkan(join(folder, "vulkan"));
});

/** JSON that a process with the driver prints; null, and the test is skipped, where there is no driver. */
async function onWebgpu<T>(t: TestContext, code: string): Promise<T | null> {
  if (typeof environment === "string") {
    t.skip(environment);
    return null;
  }
  const script = `const fovea = require(${JSON.stringify(join(root, "kernel", "dist"))});
    const backend = require(${JSON.stringify(join(root, "kernel", "dist", "backend"))});
    const say = (value) => { require("node:fs").writeSync(1, "\\n" + JSON.stringify(value)); process.exit(0); };
    (async () => { ${code} })();`;
  const options = { cwd: notebooks, env: { ...process.env, ...environment } };
  const { stdout } = await run(process.execPath, ["-e", script], options);
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n"))) as T;
}

describe("WebGPU", () => {
  it("starts, and an encoder gives the features that it gives on the processor", async (t) => {
    const model = JSON.stringify(join(root, "test", "onnx", "golden", "vit.ts17.onnx"));
    const found = await onWebgpu<{ reason: string | null; worst: number; size: number }>(
      t,
      `const { reason } = await backend.probeDevice("webgpu");
      const image = { width: 32, height: 32, channels: 3, data: Uint8Array.from({ length: 3072 }, (_, i) => (i * 37) % 251) };
      const features = async (device) => {
        const encoder = await fovea.encoders.load(${model}, { device, preprocess: {} });
        const { final } = await encoder.forwardIntermediates(image);
        await encoder.dispose();
        return final.data;
      };
      const [card, processor] = [await features("webgpu"), await features("cpu")];
      say({ reason, size: card.length, worst: Math.max(...card.map((x, i) => Math.abs(x - processor[i]))) });`,
    );
    if (!found) return;
    assert.equal(found.reason, null);
    assert.equal(found.size, 16 * 32);
    assert.ok(found.worst < 1e-4, `${found.worst}`);
  });

  it("trains a transformer block as the processor does, with packages from the notebook's folder", async (t) => {
    if (typeof environment !== "string") await installPackages();
    const found = await onWebgpu<{ started: string[]; card: number[]; processor: number[] }>(
      t,
      `const { nn, train } = fovea;
      const tf = require(${JSON.stringify(join(root, "node_modules", "@tensorflow", "tfjs-core"))});
      const started = [];
      const trained = async (device) => {
        started.push(await nn.start(device));
        nn.manualSeed(7);
        const block = new nn.Block(16, { heads: 2 });
        const x = tf.tensor3d(Float32Array.from({ length: 192 }, (_, i) => Math.sin(i)), [2, 6, 16]);
        const parameters = new Map(block.namedParameters());
        // The gradient of a key's bias is rounding alone; AdamW without this eps would turn it into steps.
        const optimiser = new train.AdamW([{ parameters }], { learningRate: 1e-2, eps: 1e-3 });
        for (let step = 0; step < 5; step++) {
          const all = train.lossAndGradients(() => nn.mse(block.forward(x), tf.mul(x, -1)), parameters);
          optimiser.step(all.gradients);
          train.disposeGradients(all);
        }
        const values = [];
        for (const parameter of parameters.values()) values.push(...(await parameter.read()));
        return values;
      };
      say({ card: await trained("webgpu"), processor: await trained("cpu"), started });`,
    );
    if (!found) return;
    const { started, card, processor } = found;
    assert.deepEqual(started, ["webgpu", "cpu"]);
    assert.equal(card.length, processor.length);
    assert.ok(card.length > 3000);
    const worst = Math.max(...card.map((value, i) => Math.abs(value - processor[i])));
    assert.ok(worst < 1e-4, `${worst}`);
  });

  it("is a rung of the ladder of training that starts", async (t) => {
    const rung = await onWebgpu<{ ok: boolean; reason: string | null; version: string }>(
      t,
      `const { training } = await backend.doctor();
      say(training.find((one) => one.backend === "webgpu"));`,
    );
    if (!rung) return;
    assert.deepEqual(
      [rung.ok, rung.reason, rung.version],
      [true, null, WEBGPU_PACKAGES["@tensorflow/tfjs-backend-webgpu"]],
    );
  });
});

async function installPackages(): Promise<void> {
  const wanted = Object.entries(WEBGPU_PACKAGES).map(([name, version]) => `${name}@${version}`);
  if (existsSync(join(notebooks, "node_modules", "webgpu"))) return;
  const options = ["--ignore-scripts", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", "--prefix", notebooks, "--legacy-peer-deps", ...options, ...wanted]);
}
