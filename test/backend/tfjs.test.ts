import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { nn, tf } from "../nn/names.ts";

const root = join(import.meta.dirname, "..", "..");

/** Output of a fresh process; `fovea` is the whole library. */
async function inFreshProcess(code: string, env: Record<string, string> = {}): Promise<string> {
  const script = `const fovea = require("./kernel/index.ts");
    const loaded = () => Object.keys(require.cache).filter((path) => path.includes("@tensorflow")).length;
    (async () => { ${code} })();`;
  const options = { cwd: root, env: { ...process.env, ...env } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--import", "tsx", "-e", script], options);
  return (stdout + stderr).trim();
}

/** Replaces onnxruntime-node's binding before the library loads it. */
const replaceBinding = (exports: string): string => `{
  const path = require.resolve("onnxruntime-node/dist/binding.js");
  const original = require(path);
  const Session = original.binding.InferenceSession;
  require.cache[path].exports = ${exports};
}`;
const sessionWith = (body: string): string =>
  replaceBinding(`{ initOrt: original.initOrt, binding: { InferenceSession: class {
    session = new Session();
    loadModel(...args) { this.session.loadModel(...args); }
    dispose() { this.session.dispose(); }
    run(feeds, fetches, options) { ${body} }
  } } }`);
const WITHOUT_BINDING = replaceBinding("null");
const LATE_BINDING = sessionWith("return Promise.resolve(this.session.run(feeds, fetches, options));");
/** A later version that returns all results, in given arrays too. */
const KNOWS_ALL_TYPES = sessionWith("delete fetches.stop; return this.session.run(feeds, fetches, options);");
/** A later version that returns results in arrays that nobody gave. */
const FILLS_NOTHING = sessionWith(
  "return this.session.run(feeds, Object.fromEntries(Object.keys(fetches).map((name) => [name, null])), options);",
);

describe("the device of training", () => {
  it("is loaded by the first use and not by the import", async () => {
    const code = `const before = loaded(); await fovea.nn.start("cpu"); console.log(before, loaded() > 0);`;
    assert.equal(await inFreshProcess(code), "0 true");
  });

  it("starts by itself at the first layer, tensor, loss or training", async () => {
    const first: Record<string, string> = {
      layer: "new fovea.nn.Linear(2, 2);",
      parameter: "new fovea.nn.Parameter([2], fovea.nn.zeros);",
      tensor: "tf.tensor([1, 2]);",
      loss: "fovea.nn.mse(tf.tensor([1, 2]), tf.tensor([2, 2]));",
      scalar: "tf.add(1, 2);",
      variable: "tf.variable(tf.zeros([2]));",
      random: "tf.randomNormal([2]);",
      training:
        "await fovea.train.fit({ model: new fovea.nn.Linear(1, 1), data: fovea.train.batches([1], { batchSize: 1 }), " +
        "loss: () => tf.scalar(1), stages: [{ name: 'one', steps: 1, groups: [] }] }).catch(() => 0);",
    };
    for (const [what, code] of Object.entries(first)) {
      const script = `const tf = require("./kernel/tf.ts"); const none = fovea.nn.trainingDevice();
        ${code} console.log(none, fovea.nn.trainingDevice(), await fovea.nn.start());`;
      assert.match(await inFreshProcess(script), /^null (native native|tensorflow tensorflow)$/, what);
    }
  });

  it("starts by itself without the namespace of tfjs", async () => {
    const code = `new fovea.nn.Linear(2, 2); console.log(fovea.nn.trainingDevice());`;
    assert.match(await inFreshProcess(code), /^(native|tensorflow)$/);
  });

  it("says how to start one where none starts at once", async () => {
    const code = `${WITHOUT_BINDING}
      try { new fovea.nn.Linear(2, 2); } catch (error) { console.log(error.name, error.message); }
      console.log(await fovea.nn.start());
      new fovea.nn.Linear(2, 2);`;
    const [message, device, warning] = (await inFreshProcess(code, { FOVEA_BACKENDS: tmpdir() })).split("\n");
    assert.match(message, /^DeviceError nn.Parameter: a device must be started first: await nn.start\(\), received/);
    assert.equal(device, "wasm");
    assert.match(
      warning,
      /^fovea: training on wasm; native did not start \(nn.start: onnxruntime-node must have a binding for/,
    );
  });

  it("passes over a binding that does not compute at once", async () => {
    const code = `${LATE_BINDING}
      for (let i = 0; i < 2; i++) console.log(await fovea.nn.start());`;
    const lines = (await inFreshProcess(code, { FOVEA_BACKENDS: tmpdir() })).split("\n");
    assert.deepEqual(lines.slice(0, 2), ["wasm", "wasm"]);
    assert.match(
      lines[2],
      /^fovea: training on wasm; native did not start \(nn.start: onnxruntime-node must compute at once/,
    );
    assert.equal(lines.length, 3);
  });

  it("computes with a binding that knows all types, or fills no given array", async () => {
    for (const change of [KNOWS_ALL_TYPES, FILLS_NOTHING]) {
      const code = `${change}
        await fovea.nn.start("native");
        const tf = require("./kernel/tf.ts");
        const x = tf.ones([100, 100]);
        console.log(tf.sum(tf.add(x, x)).dataSync()[0]);`;
      assert.equal(await inFreshProcess(code), "20000");
    }
  });

  it("is started by what loads a model, and not again where one was chosen", async () => {
    const code = `for (const chosen of [null, "cpu"]) {
      if (chosen) await fovea.nn.start(chosen);
      (await fovea.models.load("zoo/reading-llama")).model.dispose();
      console.log(fovea.nn.trainingDevice());
    }`;
    const [first, second] = (await inFreshProcess(code)).split("\n");
    assert.ok(["tensorflow", "native"].includes(first), first);
    assert.equal(second, "cpu");
  });

  it("prints nothing into the notebook, whichever starts", async () => {
    const code = `for (const device of ["cpu", "wasm", "native"]) {
      await fovea.nn.start(device);
      new fovea.nn.Linear(2, 2).weight.value.dataSync();
    }`;
    assert.equal(await inFreshProcess(code), "");
  });

  it("is refused by name with what is missing", async () => {
    await assert.rejects(
      nn.start("gpu" as never),
      /nn.start: device must be auto, native, tensorflow, webgpu, wasm, cpu, received "gpu"/,
    );
    const missing = nn.installedDevices().includes("webgpu") ? null : nn.start("webgpu");
    if (missing)
      await assert.rejects(
        missing,
        /npm install webgpu@0.6.2 @tensorflow\/tfjs-backend-webgpu@4.22.0, received "not installed"/,
      );
  });

  it("falls to the next where an installed one does not start, and says so once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-backends-"));
    mkdirSync(join(folder, "tensorflow"));
    writeFileSync(join(folder, "tensorflow", "installed.json"), JSON.stringify({ versions: {}, nvidia: {} }));
    const code = `${WITHOUT_BINDING} for (let i = 0; i < 2; i++) console.log(await fovea.nn.start());`;
    const lines = (await inFreshProcess(code, { FOVEA_BACKENDS: folder })).split("\n");
    rmSync(folder, { recursive: true });
    assert.deepEqual(lines.slice(0, 2), ["wasm", "wasm"]);
    assert.match(
      lines[2],
      /^fovea: training on wasm; native did not start .*; tensorflow did not start \(.*TensorFlow in .* must load/,
    );
    assert.equal(lines.length, 3);
  });

  it("can change; tensors follow", async () => {
    await nn.start("cpu");
    const layer = new nn.Linear(3, 2);
    const x = tf.ones([1, 3]);
    const onCpu = tf.tidy(() => Array.from(layer.forward(x).dataSync()));
    assert.equal(await nn.start("wasm"), "wasm");
    assert.equal(nn.trainingDevice(), "wasm");
    const onWasm = tf.tidy(() => Array.from(layer.forward(x).dataSync()));
    onWasm.forEach((value, i) => assert.ok(Math.abs(value - onCpu[i]) < 1e-6));
    x.dispose();
    layer.dispose();
  });
});
