import { existsSync } from "node:fs";
import { join } from "node:path";
import { askChild } from "./child";
import { runtimeVersion } from "./runtime";
import { type TensorflowBuild, tensorflowBuilds } from "./tensorflow";
import { missingForWebgpu, WEBGPU_PACKAGES } from "./webgpu";

/** Runtime of tfjs for training; `TRAINING_BACKENDS` lists them best first. */
export type TrainingBackend = "tensorflow-gpu" | "native" | "tensorflow" | "webgpu" | "wasm" | "cpu";

/** Result of probing one runtime. */
export interface TrainingProbe {
  backend: TrainingBackend;
  /** Device of computation, `gpu` or `cpu`; null where it did not start. */
  device: "gpu" | "cpu" | null;
  /** Package or library with its version; `missing` where it is not installed. */
  runtime: string;
  version: string;
  ok: boolean;
  /** Milliseconds from the start of a child process to its first result, or to the failure. */
  ms: number;
  /** Missing requirement; null where it started. */
  reason: string | null;
}

interface Answer {
  y?: number[];
  gpu?: boolean;
  version?: string;
  error?: string;
}

/** Script that multiplies `[1 2; 3 4]` by itself on a backend registered by `register`. */
const multiply = (register: string) => `
const say = (answer) => require("node:fs").writeSync(1, "\\n" + JSON.stringify(answer));
(async () => {
  const [core, first, second] = process.argv.slice(1);
  const tf = require(core);
  ${register}
  await tf.ready();
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const y = Array.from(await tf.matMul(x, x).data());
  say({ y, gpu: Boolean(tf.backend().isUsingGpuDevice), version });
})().catch((error) => say({ error: error.message }));
`;

const TENSORFLOW_SCRIPT = multiply(`
  for (const module of JSON.parse(second)) var loaded = require(module);
  loaded.registerTensorflow(tf, JSON.parse(first));
  tf.setBackend("tensorflow");
  const version = tf.backend().binding.TF_Version;
`);

const NATIVE_SCRIPT = multiply(`
  for (const module of JSON.parse(first)) var own = require(module);
  own.startNative(tf);
  own.offerNative(tf);
  if (!(await tf.setBackend("native"))) throw new Error("native does not start");
  const version = second;
`);

const WEBGPU_SCRIPT = multiply(`
  for (const module of JSON.parse(first)) var own = require(module);
  await own.loadWebgpu();
  if (!(await tf.setBackend("webgpu"))) throw new Error("webgpu does not start");
  const version = second;
`);

const PACKAGE_SCRIPT = multiply(`
  require(second);
  if (!(await tf.setBackend(first))) throw new Error(first + " does not start");
  const version = require(core).version_core;
`);

/**
 * Returns the arguments that load a library module in a child: compiled, or its source behind the loader for sources.
 */
function ownModule(name: string): string[] {
  const compiled = join(__dirname, `${name}.js`);
  return existsSync(compiled) ? [compiled] : [require.resolve("tsx/cjs"), join(__dirname, `${name}.ts`)];
}

/** Tests whether a build of TensorFlow starts and computes. */
export async function probeBuild(build: TensorflowBuild, env?: Record<string, string>): Promise<TrainingProbe> {
  const backend = build.gpu ? "tensorflow-gpu" : "tensorflow";
  const args = [JSON.stringify(build), JSON.stringify(ownModule("tensorflow"))];
  return probe(backend, "TensorFlow", () => ask(TENSORFLOW_SCRIPT, args, env));
}

function ask(script: string, args: string[], env?: Record<string, string>): Promise<Answer> {
  return askChild<Answer>(script, [require.resolve("@tensorflow/tfjs-core"), ...args], env);
}

async function probe(backend: TrainingBackend, runtime: string, run: () => Promise<Answer>): Promise<TrainingProbe> {
  const start = performance.now();
  const { y, gpu, version, error } = await run();
  const right = y?.join() === "7,10,15,22";
  return {
    backend,
    runtime,
    version: version ?? "unknown",
    ok: right,
    device: right ? (gpu || backend === "webgpu" ? "gpu" : "cpu") : null,
    ms: Math.round(performance.now() - start),
    reason: right ? null : (error ?? `the probe computed ${y?.join()} for 7,10,15,22`).split("\n")[0],
  };
}

async function probePackage(backend: "wasm" | "cpu"): Promise<TrainingProbe> {
  const name = `@tensorflow/tfjs-backend-${backend}`;
  return probe(backend, name, () => ask(PACKAGE_SCRIPT, [backend, require.resolve(name)]));
}

async function probeNative(): Promise<TrainingProbe> {
  const args = [JSON.stringify(ownModule(join("..", "native", "start"))), runtimeVersion()];
  return probe("native", "onnxruntime-node", () => ask(NATIVE_SCRIPT, args));
}

async function probeWebgpu(): Promise<TrainingProbe> {
  const [runtime, version] = Object.entries(WEBGPU_PACKAGES)[1];
  const missing = missingForWebgpu();
  if (!missing.length)
    return probe("webgpu", runtime, () => ask(WEBGPU_SCRIPT, [JSON.stringify(ownModule("webgpu")), version]));
  const reason = `not installed: npm install ${missing.join(" ")}`;
  return { backend: "webgpu", device: null, runtime, version: "missing", ok: false, ms: 0, reason };
}

/** Returns every rung of the training ladder with its probe, best first. */
export async function probeTraining(): Promise<TrainingProbe[]> {
  const builds = tensorflowBuilds();
  const tensorflow = (gpu: boolean): TrainingProbe | Promise<TrainingProbe> => {
    const build = builds.find((one) => one.gpu === gpu);
    return build ? probeBuild(build) : notInstalled(gpu);
  };
  return Promise.all([
    tensorflow(true),
    probeNative(),
    tensorflow(false),
    probeWebgpu(),
    probePackage("wasm"),
    probePackage("cpu"),
  ]);
}

function notInstalled(gpu: boolean): TrainingProbe {
  const backend = gpu ? "tensorflow-gpu" : "tensorflow";
  const reason = `not installed: fovea backend install tensorflow${gpu ? " --gpu" : ""}`;
  return { backend, device: null, runtime: "TensorFlow", version: "missing", ok: false, ms: 0, reason };
}
