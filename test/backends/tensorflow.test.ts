/** The one command that a person types, on the real registries. What it leaves in FOVEA_BACKENDS the other suites train on. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { listInstalled, RECIPES } from "../../kernel/backend/install/index.ts";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
const supported = RECIPES.tensorflow.platforms.includes(`${process.platform}-${process.arch}`);
const version = RECIPES.tensorflow.wheel.file.split("-")[1];
const installed = () => listInstalled().find(({ name }) => name === "tensorflow")?.versions.tensorflow_cpu === version;

describe("fovea backend", { skip: supported ? false : "TensorFlow is installed on x86-64 Linux" }, () => {
  it("installs TensorFlow in one command", (t) => {
    if (installed()) return t.diagnostic("it is there from an earlier run");
    const { status, stderr } = fovea("backend", "install", "tensorflow");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /fetching tensorflow_cpu-\S+ +274 MB\n.*building the binding\n.*tensorflow is installed in /s);
    assert.ok(installed());
  });

  it("lists it with its versions and the room that it takes", () => {
    const { stdout } = fovea("backend", "list");
    assert.match(stdout, /^tensorflow +\d{3} MB  tensorflow_cpu \d+\.\d+\.\d+, @tensorflow\/tfjs-node 4\.22\.0/m);
  });

  it("doctor starts it", () => {
    const { stdout, stderr } = fovea("doctor", "--json");
    const { training, autoTraining } = JSON.parse(stdout || stderr) as {
      training: { backend: string; ok: boolean; ms: number; version: string; reason: string | null }[];
      autoTraining: string;
    };
    const names = ["tensorflow-gpu", "native", "tensorflow", "webgpu", "wasm", "cpu"];
    assert.deepEqual(
      training.map((rung) => rung.backend),
      names,
    );
    const [gpu, native, tensorflow, , wasm] = training;
    assert.deepEqual([native.ok, native.reason], [true, null]);
    assert.deepEqual([tensorflow.ok, tensorflow.reason, tensorflow.version], [true, null, version]);
    assert.deepEqual([wasm.ok, wasm.reason], [true, null]);
    if (!gpu.ok) assert.match(gpu.reason ?? "", /fovea backend install tensorflow --gpu/);
    assert.equal(autoTraining, training.find((rung) => rung.ok)?.backend);
    assert.match(fovea("doctor").stdout, /^tensorflow +TensorFlow \S+ +starts +\d+ ms$/m);
  });

  it("prints what a GPU needs without fetching it", () => {
    const { stdout } = fovea("backend", "install", "tensorflow", "--gpu", "--dry-run");
    assert.match(stdout, /573 MB {2}tensorflow-2\.21\.0-/);
    assert.equal(stdout.match(/nvidia_\w+_cu12-/g)?.length, 12);
    assert.match(stdout, /3\.38 GB {2}to fetch/);
    const plan = JSON.parse(fovea("backend", "install", "cuda", "--dry-run", "--json").stdout) as {
      wheel: { file: string; sha256: string; bytes: number };
    };
    assert.match(plan.wheel.file, /^onnxruntime_gpu-1\.26\.0-/);
    assert.match(plan.wheel.sha256, /^[0-9a-f]{64}$/);
  });

  it("refuses what it does not know", () => {
    assert.match(
      fovea("backend", "install", "rocm").stderr,
      /NAME must be one of tensorflow, tensorflow-gpu, cuda, received "rocm"/,
    );
    assert.match(fovea("backend").stderr, /usage: fovea backend install/);
  });
});
