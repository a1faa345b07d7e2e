/**
 * TensorFlow's native library under tfjs, where `fovea backend install tensorflow` put it. The bridge is tfjs-node's own code,
 * but it is given the tfjs-core of the caller: kernels, gradients and tensors of the library and of TensorFlow are then of
 * one copy, and the 300 MB of packages that tfjs-node would bring are not needed.
 */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import util from "node:util";
import { backendFolder } from "../install/places";
import { type Installed, readInstalled } from "../install/installed";
import { DeviceError } from "../types";

/** What is used of `@tensorflow/tfjs-core`: pass the module itself. */
export interface TfjsCore {
  registerBackend(name: string, factory: () => never, priority?: number): boolean;
  findBackendFactory(name: string): unknown;
  add: unknown;
  cast: unknown;
  mul: unknown;
  sub: unknown;
  Tensor: { prototype: object };
}

/** A TensorFlow that is installed. */
export interface TensorflowBuild {
  /** Built for CUDA; it falls back to the CPU by itself where no GPU is. */
  gpu: boolean;
  folder: string;
  /** Versions of its parts by name: `tensorflow`, `@tensorflow/tfjs-node`. */
  versions: Record<string, string>;
}

/** The name by which tfjs knows it: `tf.setBackend("tensorflow")`. */
export const TENSORFLOW_BACKEND = "tensorflow";

/** The build that training takes: the one for GPUs where it is installed, else the other; null where there is none. */
export function tensorflowBuild(): TensorflowBuild | null {
  const found = [readInstalled("tensorflow-gpu"), readInstalled("tensorflow")].find((one) => one !== null);
  return found ? buildOf(found) : null;
}

/** Every build that is installed, best first. */
export function tensorflowBuilds(): TensorflowBuild[] {
  const names = ["tensorflow-gpu", "tensorflow"] as const;
  return names.map(readInstalled).flatMap((found) => (found ? [buildOf(found)] : []));
}

const buildOf = ({ name, versions }: Installed): TensorflowBuild => ({
  gpu: name === "tensorflow-gpu",
  folder: backendFolder(name),
  versions,
});

/**
 * Makes the backend `tensorflow` known to this tfjs-core, with all of TensorFlow's kernels. A second call does nothing: one
 * process holds one TensorFlow. `setBackend` is left to the caller.
 *
 * @throws DeviceError when no build is installed, or its library cannot be loaded
 */
export function registerTensorflow(core: TfjsCore, build: TensorflowBuild | null = tensorflowBuild()): TensorflowBuild {
  const fn = "backend.registerTensorflow";
  if (!build) throw new DeviceError(fn, "TensorFlow must be installed: fovea backend install tensorflow", "nothing");
  if (core.findBackendFactory(TENSORFLOW_BACKEND)) return build;
  setUp();
  putBackChainedOps(core);
  try {
    load(core, build);
  } catch (error) {
    throw new DeviceError(fn, `TensorFlow in ${build.folder} must load`, error);
  }
  return build;
}

/** Before TensorFlow's library is loaded: it is quiet, shares a GPU, and keeps the faster oneDNN kernels without a banner. */
function setUp(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // tfjs-node 4.22 calls two functions that Node 23 took away.
  const removed = util as { isNullOrUndefined?: unknown; isArray?: unknown };
  removed.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  removed.isArray ??= (value: unknown) => Array.isArray(value);
}

type Op = (...args: unknown[]) => unknown;

/** Four of tfjs-node's kernels write `x.toInt()` or `x.mul(y)`, which tfjs-core's main file does not give to tensors. */
function putBackChainedOps(core: TfjsCore): void {
  const prototype = core.Tensor.prototype as Record<string, unknown>;
  const op = (name: "add" | "cast" | "mul" | "sub", ...last: unknown[]) =>
    function (this: unknown, ...args: unknown[]): unknown {
      return (core[name] as Op)(this, ...args, ...last);
    };
  prototype.toInt ??= op("cast", "int32");
  prototype.toFloat ??= op("cast", "float32");
  for (const name of ["add", "mul", "sub"] as const) prototype[name] ??= op(name);
}

/** Empty modules where tfjs-node looks for its own tfjs: each looks up names in the core that it is given. */
const STUBS = ["@tensorflow/tfjs", "@tensorflow/tfjs-core"];

/** A file of events for TensorBoard. */
export interface EventFile {
  scalar(tag: string, value: number, step: number): void;
  flush(): void;
}

/**
 * Opens TensorBoard's event file in a folder, which TensorFlow makes; one a folder and process. It is written by tfjs-node's
 * own writer.
 *
 * @throws DeviceError unless the backend `tensorflow` was started
 */
export function openEventFile(folder: string): EventFile {
  const fn = "backend.openEventFile";
  if (!requireLoaded) throw new DeviceError(fn, "the backend tensorflow must be started", folder);
  try {
    const { summaryFileWriter } = requireLoaded("./tensorboard") as WriterModule;
    return summaryFileWriter(resolve(folder));
  } catch (error) {
    throw new DeviceError(fn, `TensorFlow must be able to write event files in ${folder}`, error);
  }
}

interface WriterModule {
  summaryFileWriter(folder: string): EventFile;
}

/** Requires in the place of tfjs-node's own modules, once it is loaded. */
let requireLoaded: NodeJS.Require | undefined;

interface BackendModule {
  NodeJSKernelBackend: new (binding: object, name: string) => never;
}

function load(core: TfjsCore, { folder, gpu }: TensorflowBuild): void {
  const name = gpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node";
  const requireThere = createRequire(join(folder, "node_modules", name, "dist", "index.js"));
  for (const stub of STUBS) Object.setPrototypeOf(requireThere(stub), core);
  const binding = requireThere(join(folder, "lib", "tfjs_binding.node")) as object;
  requireThere("./register_all_kernels");
  const { NodeJSKernelBackend } = requireThere("./nodejs_kernel_backend") as BackendModule;
  requireLoaded = requireThere;
  core.registerBackend(TENSORFLOW_BACKEND, () => new NodeJSKernelBackend(binding, name), 3);
}
