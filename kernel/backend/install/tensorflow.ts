import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DeviceError } from "../types";
import { probeBuild } from "../node/probe-training";
import { loaderEnvironment } from "./places";
import { mustRun, runProgram } from "./program";
import { unpack } from "./unpack";
import type { Workshop } from "./recipes";

const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
const STUBS = ["@tensorflow/tfjs", "@tensorflow/tfjs-core"];

/** Makes tfjs-node's JavaScript and binding, built against the C API in PyPI's TensorFlow. */
export async function makeTensorflow(shop: Workshop): Promise<void> {
  shop.say("unpacking");
  await unpackLibraries(shop);
  await unpackPackages(shop);
  shop.say("building the binding");
  await compile(shop);
  shop.say("stripping the libraries");
  for (const library of LIBRARIES) await strip(join(shop.target, "lib", library));
}

async function unpackLibraries({ python, wheel, target, scratch }: Workshop): Promise<void> {
  await unpack(python, wheel, made(target, "lib"), /tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/);
  const headers =
    /tensorflow\/include\/((?:tensorflow\/c|xla\/tsl\/c|tsl\/platform|tensorflow\/core\/platform)\/.+\.h)$/;
  await unpack(python, wheel, made(scratch, "include"), headers);
}

async function unpackPackages({ python, packages, target, scratch }: Workshop): Promise<void> {
  for (const [name, tarball] of packages) {
    if (name === "node-api-headers")
      await unpack(python, tarball, made(scratch, "include"), /[^/]+\/include\/(.+\.h)$/);
    else
      await unpack(
        python,
        tarball,
        made(target, "node_modules", name),
        /[^/]+\/((?:dist\/(?!.*_test\.js).+|[^/]+)\.(?:js|json))$/,
      );
    if (name.startsWith("@tensorflow/"))
      await unpack(python, tarball, made(scratch, "source"), /[^/]+\/(binding\/.+)$/);
  }
  for (const stub of STUBS) {
    const text = "// Filled by Fovea with the tfjs-core of the library.\nmodule.exports = {};\n";
    writeFileSync(join(made(target, "node_modules", stub), "index.js"), text);
  }
}

function made(...parts: string[]): string {
  const folder = join(...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Compiles for Node-API 8: one binary for Node 20 and newer. */
async function compile({ compiler, target, scratch }: Workshop): Promise<void> {
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(scratch, "source", "binding", file));
  const lib = join(target, "lib");
  const args = [
    "-std=c++17",
    "-O2",
    "-fPIC",
    "-shared",
    "-DNAPI_VERSION=8",
    "-I",
    join(scratch, "include"),
    "-I",
    join(scratch, "source"),
    ...sources,
    "-o",
    join(lib, "tfjs_binding.node"),
    "-Wl,-rpath,$ORIGIN",
    "-L",
    lib,
    ...LIBRARIES.map((library) => `-l:${library}`),
  ];
  await mustRun("the binding of tfjs-node must compile", compiler, args, { cwd: scratch });
}

/**
 * Strips unused symbols, a fifth of the library. Without the program, or when it fails, the library stays unchanged.
 */
async function strip(library: string): Promise<void> {
  const beside = join(dirname(library), `.${basename(library)}`);
  const done = await runProgram("strip", ["--strip-unneeded", "-o", beside, library]).catch(() => null);
  if (done?.code === 0) renameSync(beside, library);
}

/** Runs an operation in a child process and checks its result. */
export async function checkTensorflow(folder: string): Promise<string | null> {
  const gpu = basename(folder).startsWith("tensorflow-gpu");
  const { ok, reason, device } = await probeBuild({ folder, gpu, versions: {} }, loaderEnvironment());
  if (!ok) throw new DeviceError("backend install", "TensorFlow must run an operation after it was built", reason);
  return gpu && device === "cpu" ? "TensorFlow found no GPU here and runs on the CPU" : null;
}
