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

describe("the device of training", () => {
  it("is loaded by the first use and not by the import", async () => {
    const code = `const before = loaded(); await fovea.nn.start("cpu"); console.log(before, loaded() > 0);`;
    assert.equal(await inFreshProcess(code), "0 true");
  });

  it("must be started before a layer is made, and says how", async () => {
    const code = `try { new fovea.nn.Linear(2, 2); } catch (error) { console.log(error.name, error.message); }`;
    assert.equal(
      await inFreshProcess(code),
      'DeviceError nn.Parameter: a device must be started first: await nn.start(), received "none started"',
    );
  });

  it("is started by what loads a model, and not again where one was chosen", async () => {
    const code = `for (const chosen of [null, "cpu"]) {
      if (chosen) await fovea.nn.start(chosen);
      (await fovea.models.load("zoo/reading-llama")).model.dispose();
      console.log(fovea.nn.trainingDevice());
    }`;
    const [first, second] = (await inFreshProcess(code)).split("\n");
    assert.ok(["tensorflow", "webgpu", "wasm"].includes(first), first);
    assert.equal(second, "cpu");
  });

  it("prints nothing into the notebook, whichever starts", async () => {
    const code = `for (const device of ["cpu", "wasm"]) {
      await fovea.nn.start(device);
      new fovea.nn.Linear(2, 2).weight.value.dataSync();
    }`;
    assert.equal(await inFreshProcess(code), "");
  });

  it("is refused by name with what is missing", async () => {
    await assert.rejects(
      nn.start("gpu" as never),
      /nn.start: device must be auto, tensorflow, webgpu, wasm, cpu, received "gpu"/,
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
    const code = `for (let i = 0; i < 2; i++) console.log(await fovea.nn.start());`;
    const lines = (await inFreshProcess(code, { FOVEA_BACKENDS: folder })).split("\n");
    rmSync(folder, { recursive: true });
    assert.deepEqual(lines.slice(0, 2), ["wasm", "wasm"]);
    assert.match(lines[2], /^fovea: training on wasm; tensorflow did not start \(.*TensorFlow in .* must load/);
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
