import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { DeviceError } from "../../kernel/backend/index.ts";
import {
  installBackend,
  type InstallProgress,
  listInstalled,
  loaderEnvironment,
  type Recipe,
  removeInstalled,
} from "../../kernel/backend/install/index.ts";
import { Registries, tinyRecipes } from "./registries.ts";

const supported = process.platform === "linux" ? false : "backends are installed on Linux";
const passed = () => Promise.resolve(null);

/** One story in one folder: pip takes seconds to start, and what one step leaves is what the next one finds. */
describe("installing a backend", { skip: supported }, () => {
  const registries = new Registries();
  const folder = mkdtempSync(join(tmpdir(), "fovea-backends-"));
  const original = { ...process.env };
  let recipes: { gpu: Recipe; cuda: Recipe };

  before(async () => {
    await registries.start();
    recipes = tinyRecipes(registries);
  });
  beforeEach(() => {
    process.env = { ...original, ...registries.environment, FOVEA_BACKENDS: folder };
    registries.requests.length = 0;
    registries.faults.clear();
  });
  after(() => {
    registries.stop();
    for (const made of [folder, registries.folder]) rmSync(made, { recursive: true, force: true });
  });

  const installGpu = (recipe = recipes.gpu) => installBackend("tensorflow-gpu", { recipe, check: passed });
  const refused = async (pattern: RegExp, recipe = recipes.gpu): Promise<void> => {
    await assert.rejects(installGpu(recipe), (error) => {
      assert.ok(error instanceof DeviceError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
    assert.deepEqual(listInstalled(), []);
  };

  it("refuses before anything is fetched: platform, room, compiler, Python", async () => {
    await refused(/is for sunos-sparc .*received "linux-/, { ...recipes.gpu, platforms: ["sunos-sparc"] });
    await refused(/tensorflow-gpu needs 1000000000.0 GB of room in /, { ...recipes.gpu, diskBytes: 1e18 });
    process.env.CXX = "no-such-compiler";
    await refused(/a C\+\+17 compiler is needed .*apt-get install g\+\+.*none of no-such-compiler/);
    delete process.env.CXX;
    process.env.FOVEA_PYTHON = process.execPath;
    process.env.PATH = "/nonexistent";
    await refused(/a Python 3 with pip 21 or newer is needed .*: has no pip; python3: is not there/);
    assert.deepEqual(registries.requests, []);
  });

  it("names what is not to be had, and what has another content than the recipe says", async () => {
    const [pack, ...others] = recipes.gpu.packages;
    await refused(/npm must fetch \S+@4.0.1 \(check the network/, {
      ...recipes.gpu,
      packages: [{ ...pack, version: "4.0.1" }],
    });
    const integrity = "sha512-AAAA";
    await refused(/must have the integrity sha512-AAAA/, {
      ...recipes.gpu,
      packages: [{ ...pack, integrity }, ...others],
    });
    const wheel = { ...recipes.gpu.wheel, file: "tensorflow-9.9.9-cp312-cp312-manylinux_2_27_x86_64.whl" };
    await refused(/pip must fetch tensorflow-9.9.9\S* \(check the network.*No matching distribution/, {
      ...recipes.gpu,
      wheel,
    });
    registries.faults.set(recipes.gpu.wheel.file, "other bytes");
    await refused(/pip must fetch tensorflow-2.0.0.*HASHES.*Expected sha256/s);
  });

  it("killed half way it leaves nothing in place; meanwhile no other installation begins", async () => {
    const stuck = recipes.gpu.nvidia[0].file;
    registries.faults.set(stuck, "hang");
    const library = JSON.stringify(join(import.meta.dirname, "..", "..", "kernel", "dist", "backend", "install"));
    const script = `require(${library}).installBackend("tensorflow-gpu", { recipe: JSON.parse(process.argv[1]) })`;
    const child = spawn(process.execPath, ["-e", script, JSON.stringify(recipes.gpu)], {
      detached: true,
      stdio: "ignore",
    });
    while (!registries.requests.includes(stuck) && child.exitCode === null) await setTimeout(50);
    await assert.rejects(installGpu(), /one installation at a time, busy is process \d+/);
    process.kill(-(child.pid as number), "SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    assert.deepEqual(listInstalled(), []);
    assert.ok(registries.requests.includes(recipes.gpu.wheel.file));
  });

  it("a connection that breaks off fails; what had come whole is not fetched again", async () => {
    const broken = recipes.gpu.nvidia[1].file;
    registries.faults.set(broken, "cut");
    await refused(/pip must fetch nvidia_nccl/);
    assert.ok(!registries.requests.includes(recipes.gpu.wheel.file), "the run that was killed had it");
    assert.ok(registries.requests.includes(recipes.gpu.nvidia[0].file));
  });

  it("takes of each file what is needed, builds the binding, and proves it before it takes its place", async () => {
    const steps: InstallProgress[] = [];
    let checked = "";
    const check = (made: string) => {
      checked = made;
      assert.ok(!existsSync(join(folder, "tensorflow-gpu")));
      assert.ok(existsSync(join(made, "nvidia", "cublas", "lib", "libcublas.so.12")), "through its link");
      return Promise.resolve("no GPU here");
    };
    const onProgress = (progress: InstallProgress) => void steps.push(progress);
    assert.equal(await installBackend("tensorflow-gpu", { recipe: recipes.gpu, onProgress, check }), "no GPU here");
    assert.deepEqual(registries.requests, [recipes.gpu.nvidia[1].file], "the rest lay there");
    assert.equal(checked, join(folder, "tensorflow-gpu.new"));
    const made = join(folder, "tensorflow-gpu");
    const libraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2", "tfjs_binding.node"];
    assert.deepEqual(readdirSync(join(made, "lib")).sort(), libraries);
    assert.equal(
      readFileSync(join(made, "lib", "tfjs_binding.node"))
        .subarray(1, 4)
        .toString(),
      "ELF",
    );
    const dist = join(made, "node_modules", "@tensorflow", "tfjs-node-gpu", "dist");
    assert.deepEqual(readdirSync(dist), ["nodejs_kernel_backend.js"]);
    assert.deepEqual(readdirSync(join(folder, "nvidia")).sort(), ["cublas", "nccl"]);
    assert.deepEqual(readdirSync(join(folder, "nvidia", "cublas")).sort(), ["lib", "wheel.txt"]);
    assert.deepEqual(readdirSync(folder).sort(), ["nvidia", "tensorflow-gpu"], "downloads and scratch are gone");
    const last = steps.findLast(({ step }) => step.startsWith("fetching nvidia_nccl"));
    assert.deepEqual([last?.bytes, last?.total], [recipes.gpu.nvidia[1].bytes, recipes.gpu.nvidia[1].bytes]);
    const [{ name, versions, nvidia, bytes, nvidiaBytes }] = listInstalled();
    assert.equal(name, "tensorflow-gpu");
    assert.deepEqual(versions, {
      tensorflow: "2.0.0",
      "@tensorflow/tfjs-node-gpu": "4.0.0",
      "node-api-headers": "1.0.0",
    });
    assert.deepEqual(Object.keys(nvidia), ["cublas", "nccl"]);
    assert.ok(bytes > 0 && nvidiaBytes > 0);
  });

  it("the loader's path has NVIDIA's folders before what was set, once", () => {
    const all = ["cublas", "nccl"].map((part) => join(folder, "nvidia", part, "lib"));
    process.env.LD_LIBRARY_PATH = "/mine";
    assert.deepEqual(loaderEnvironment(), { LD_LIBRARY_PATH: [...all, "/mine"].join(delimiter) });
    process.env.LD_LIBRARY_PATH = all.join(delimiter);
    assert.deepEqual(loaderEnvironment(), {});
  });

  it("a new version that does not run leaves the old one, one that runs takes its place", async () => {
    const wheel = registries.wheel("tensorflow-2.1.0-cp312-cp312-manylinux_2_27_x86_64.whl", {
      "tensorflow/libtensorflow_cc.so.2": "/* new */",
      "tensorflow/libtensorflow_framework.so.2": "/* new */",
      "tensorflow/include/tensorflow/c/c_api.h": "#define FAKE_API 1",
    });
    const recipe = { ...recipes.gpu, wheel };
    const check = () => Promise.reject(new DeviceError("backend install", "it must run", "it does not"));
    await assert.rejects(installBackend("tensorflow-gpu", { recipe, check }), /it must run/);
    assert.equal(listInstalled()[0].versions.tensorflow, "2.0.0");
    await installGpu(recipe);
    assert.equal(listInstalled()[0].versions.tensorflow, "2.1.0");
    assert.match(readFileSync(join(folder, "tensorflow-gpu", "lib", "libtensorflow_cc.so.2"), "utf8"), /new/);
  });

  it("a second backend fetches only what is not there, and is refused where it does not load", async () => {
    await assert.rejects(installBackend("cuda", { recipe: recipes.cuda }), (error) => {
      assert.ok(error instanceof DeviceError);
      assert.match(error.message, /the CUDA provider must load, received .*libonnxruntime_providers_/);
      return true;
    });
    assert.deepEqual(registries.requests, [recipes.cuda.wheel.file]);
    await installBackend("cuda", { recipe: recipes.cuda, check: passed });
    const copy = join(folder, "cuda", "node_modules", "onnxruntime-node");
    assert.ok(existsSync(join(copy, "bin", "napi-v6", "linux", process.arch, "libonnxruntime_providers_cuda.so")));
  });

  it("uninstalling takes with a backend what no other uses", () => {
    removeInstalled("tensorflow-gpu");
    assert.deepEqual(readdirSync(folder).sort(), ["cuda", "nvidia"]);
    assert.deepEqual(readdirSync(join(folder, "nvidia")), ["cublas"]);
    assert.ok(removeInstalled("cuda") > 30e6, "the copy of the runtime");
    assert.deepEqual(readdirSync(folder), []);
    assert.throws(() => removeInstalled("cuda"), /backend uninstall: installed are none, received "cuda"/);
  });
});
