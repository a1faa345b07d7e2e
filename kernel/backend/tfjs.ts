import { isLoaded } from "./first-use";
import type { NativeOptions } from "./native/options";
import { nativeThreads, startNative } from "./native/start";
import {
  hasNative,
  loadCpu,
  loadWebgpu,
  missingForWebgpu,
  registerTensorflow,
  RUNTIME,
  runtimeVersion,
  tensorflowBuild,
} from "./node";
import { RECORDER } from "./recorder";
import { DeviceError } from "./types";
import { tf } from "./tf";
import { noteRun } from "./usage";
import { loadWasm } from "./wasm";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

/** Device of layers and training. `tensorflow` is installed by `fovea backend install tensorflow`. */
export type TrainingDevice = "native" | "tensorflow" | "webgpu" | "wasm" | "cpu";
/** Device of `nn.start`: a device, or `auto` for the best one that starts. */
export type TrainingDeviceRequest = TrainingDevice | "auto";

const START = "nn.start";
const NAMES: OptionNames<NativeOptions> = { threads: true, memory: true };
/** True when the loaded TensorFlow is the build for GPUs. */
let forGpu = false;

/** One way to start tfjs; `load` throws a {@link DeviceError} that names the missing requirement. */
interface Starter {
  /** Tests whether `auto` considers it: a device with a separate installation counts only when installed. */
  installed(): boolean;
  load(options: NativeOptions): Promise<void> | void;
}

const STARTERS: Record<TrainingDevice, Starter> = {
  native: { installed: () => hasNative, load: (options) => void startNative(tf, options) },
  tensorflow: {
    installed: () => tensorflowBuild() !== null,
    load: () => void (forGpu = registerTensorflow(tf).gpu),
  },
  webgpu: { installed: () => missingForWebgpu().length === 0, load: loadWebgpu },
  wasm: { installed: () => true, load: loadWasm },
  cpu: { installed: () => true, load: loadCpu },
};

const DEVICES = Object.keys(STARTERS) as TrainingDevice[];

/**
 * Starts the device on which every layer, loss and optimizer computes. It is optional: the first operation starts
 * TensorFlow's build for GPUs where one is installed and has a GPU, else `native`. A further call changes the device;
 * tensors follow.
 *
 * @param request `auto` (default) is the best of TensorFlow with a GPU, `native`, `tensorflow`, `webgpu` (where
 *   installed), `wasm`, `cpu` that starts, with one warning after a fallback; a name is that device or an error
 * @param options threads and memory of `native`
 * @returns the device that started
 * @throws DeviceError naming the missing requirement, or an unknown option
 */
export async function startTfjs(
  request: TrainingDeviceRequest = "auto",
  options: NativeOptions = {},
): Promise<TrainingDevice> {
  checkOptionNames(START, options, NAMES, DeviceError);
  const current = trainingDevice();
  if (request === "auto" && current !== "native") return current ?? (await startFirst(options));
  const device = request === "auto" ? "native" : request;
  if (!DEVICES.includes(device)) throw new DeviceError(START, `device must be auto, ${DEVICES.join(", ")}`, device);
  await startOne(device, options);
  return device;
}

const loaded = new Set<TrainingDevice>();

async function startOne(device: TrainingDevice, options: NativeOptions): Promise<void> {
  const before = trainingDevice();
  if (!loaded.has(device) || device === "native") await STARTERS[device].load(options);
  loaded.add(device);
  if (await tf.setBackend(device)) return;
  // tfjs has left the device before, and has none now.
  if (before) await tf.setBackend(before);
  throw new DeviceError(START, `device ${device} does not start`, device);
}

async function startFirst(options: NativeOptions): Promise<TrainingDevice> {
  const failures: string[] = [];
  for (const device of installedDevices()) {
    try {
      await startOne(device, options);
      if (lacksGpu(device)) throw new DeviceError(START, "its build for GPUs must find one", "none");
      if (failures.length) console.warn(`fovea: training on ${device}; ${failures.join("; ")}`);
      return device;
    } catch (error) {
      failures.push(`${device} did not start (${(error as Error).message.split("\n")[0]})`);
    }
  }
  throw new DeviceError(START, "one device must start", failures.join("; "));
}

/** Tests for TensorFlow's build for GPUs without one; `native` is faster than it. */
const lacksGpu = (device: TrainingDevice): boolean => device === "tensorflow" && forGpu && !isOnGpu();

const isOnGpu = (): boolean => (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;

/** Returns the devices whose packages are installed, best first. {@link startTfjs} tells whether one starts. */
export function installedDevices(): TrainingDevice[] {
  const installed = DEVICES.filter((name) => STARTERS[name].installed());
  if (!tensorflowBuild()?.gpu) return installed;
  return ["tensorflow", ...installed.filter((name) => name !== "tensorflow")];
}

/** Returns the device on which tfjs computes; null before one started. */
export function trainingDevice(): TrainingDevice | null {
  if (!isLoaded()) return null;
  const { backendName, registry } = tf.engine();
  return backendName in registry ? (backendName as TrainingDevice) : null;
}

/** Tests whether tensors are in this process's memory, where reading one costs only a copy. */
export function computesInMemory(): boolean {
  const device = trainingDevice();
  return tf.getBackend() !== RECORDER && device !== "webgpu" && !(device === "tensorflow" && isOnGpu());
}

/** Records an update of a training as a run of its device. */
export function noteTraining(ms: number): void {
  const device = trainingDevice() ?? tf.getBackend();
  const runtime = device === "native" ? `${RUNTIME} ${runtimeVersion()}` : `tfjs ${tf.version_core}`;
  noteRun({
    device: isOnGpu() ? "tensorflow-gpu" : device,
    runtime,
    ms,
    threads: threadsOf(device),
    tensorBytes: tf.memory().numBytes,
  });
}

/** Returns the number of threads. TensorFlow takes as many as there are cores; tfjs's backends compute in one. */
const threadsOf = (device: string): number => (device === "tensorflow" ? 0 : device === "native" ? nativeThreads() : 1);

/**
 * Starts a device for `fn` where none was chosen.
 *
 * @throws DeviceError where none starts at once
 */
export function checkStarted(fn: string): void {
  if (trainingDevice() !== null) return;
  try {
    tf.backend();
  } catch (error) {
    throw new DeviceError(fn, "a device must be started first: await nn.start()", error);
  }
}
