/**
 * TensorFlow's native library under tfjs, installed by `fovea backend install tensorflow`. The bridge is tfjs-node's
 * code, but it receives the caller's tfjs-core. Kernels, gradients and tensors of the library and of TensorFlow then
 * share one copy, and the 300 MB of packages of tfjs-node are not needed.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import util from "node:util";
import { backendFolder } from "../install/places";
import { type Installed, readInstalled } from "../install/installed";
import { DeviceError } from "../types";

/** Used part of `@tensorflow/tfjs-core`: pass the module. */
export interface TfjsCore {
  registerBackend(name: string, factory: () => never, priority?: number): boolean;
  findBackendFactory(name: string): unknown;
  add: unknown;
  cast: unknown;
  mul: unknown;
  sub: unknown;
  Tensor: { prototype: object };
}

/** Installed TensorFlow. */
export interface TensorflowBuild {
  /** True for a build with CUDA, which falls back to the CPU without a GPU. */
  gpu: boolean;
  folder: string;
  /** Versions of its parts by name: `tensorflow`, `@tensorflow/tfjs-node`. */
  versions: Record<string, string>;
}

/** Name in tfjs: `tf.setBackend("tensorflow")`. */
export const TENSORFLOW_BACKEND = "tensorflow";

/** Returns the build for training: the one for GPUs where installed, else the other; null without any. */
export function tensorflowBuild(): TensorflowBuild | null {
  const found = [readInstalled("tensorflow-gpu"), readInstalled("tensorflow")].find((one) => one !== null);
  return found ? buildOf(found) : null;
}

/** Returns every installed build, best first. */
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
 * Registers the backend `tensorflow` with this tfjs-core, with all of TensorFlow's kernels. A second call does nothing.
 * `setBackend` is left to the caller.
 *
 * @throws DeviceError when no build is installed, or its library cannot be loaded
 */
export function registerTensorflow(core: TfjsCore, build: TensorflowBuild | null = tensorflowBuild()): TensorflowBuild {
  const fn = "nn.start";
  if (!build) throw new DeviceError(fn, "TensorFlow must be installed: fovea backend install tensorflow", "nothing");
  let make: Maker;
  try {
    make = makerOf(core, build);
  } catch (error) {
    throw new DeviceError(fn, `TensorFlow in ${build.folder} must load`, error);
  }
  onlyWithGpu = false;
  if (!core.findBackendFactory(TENSORFLOW_BACKEND))
    core.registerBackend(TENSORFLOW_BACKEND, make as () => never, PRIORITY);
  return build;
}

/**
 * Makes an installed build for GPUs known to tfjs, which loads it at the first operation where no device was chosen, and
 * passes over it without a GPU.
 */
export function offerTensorflow(core: TfjsCore, build: TensorflowBuild | null = tensorflowBuild()): void {
  if (!build?.gpu || core.findBackendFactory(TENSORFLOW_BACKEND)) return;
  const first = (): never => {
    const backend = makerOf(core, build)();
    if (onlyWithGpu && !backend.isUsingGpuDevice) throw new DeviceError("nn.start", "there must be a GPU", "none");
    return backend as never;
  };
  core.registerBackend(TENSORFLOW_BACKEND, first, PRIORITY);
}

/** Part of tfjs-node's backend that tells the device. */
interface NodeBackend {
  isUsingGpuDevice: boolean;
}

/** Above the other devices. */
const PRIORITY = 3;

/** Makes the backend, once its library is loaded: one process holds one TensorFlow. */
type Maker = () => NodeBackend;

/** Loaded builds by folder: a second load would register their kernels again. */
const makers = new Map<string, Maker>();

function makerOf(core: TfjsCore, build: TensorflowBuild): Maker {
  const made = makers.get(build.folder) ?? load(core, build);
  makers.set(build.folder, made);
  return made;
}

/** False once TensorFlow was asked for by name. */
let onlyWithGpu = true;

/**
 * Configures TensorFlow before its library is loaded: quiet, with a shared GPU, and with the faster oneDNN kernels
 * without a banner.
 */
function setUp(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // tfjs-node 4.22 calls two functions that Node 23 removed.
  const removed = util as { isNullOrUndefined?: unknown; isArray?: unknown };
  removed.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  removed.isArray ??= (value: unknown) => Array.isArray(value);
}

type Op = (...args: unknown[]) => unknown;

/**
 * Restores `x.toInt()` and `x.mul(y)`, used by four of tfjs-node's kernels; tfjs-core's main file does not give them to
 * tensors.
 */
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

/** Empty modules in place of tfjs-node's tfjs; each looks up names in the given core. */
const STUBS = ["@tensorflow/tfjs", "@tensorflow/tfjs-core"];

interface BackendModule {
  NodeJSKernelBackend: new (binding: object, name: string) => NodeBackend;
}

function load(core: TfjsCore, { folder, gpu }: TensorflowBuild): () => NodeBackend {
  setUp();
  putBackChainedOps(core);
  const name = gpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node";
  const requireThere = createRequire(join(folder, "node_modules", name, "dist", "index.js"));
  for (const stub of STUBS) Object.setPrototypeOf(requireThere(stub), core);
  const binding = requireThere(join(folder, "lib", "tfjs_binding.node")) as object;
  requireThere("./register_all_kernels");
  const { NodeJSKernelBackend } = requireThere("./nodejs_kernel_backend") as BackendModule;
  return () => new NodeJSKernelBackend(binding, name);
}
