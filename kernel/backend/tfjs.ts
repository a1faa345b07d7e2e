import { loadCpu, loadWebgpu, missingForWebgpu, registerTensorflow, tensorflowBuild } from "./node";
import { RECORDER } from "./recorder";
import { DeviceError } from "./types";
import { tf } from "./tf";
import { noteRun } from "./usage";
import { loadWasm } from "./wasm";

/** Device of layers and training. `tensorflow` is installed by `fovea backend install tensorflow`. */
export type TrainingDevice = "tensorflow" | "webgpu" | "wasm" | "cpu";
/** Device of `nn.start`: a device, or `auto` for the best one that starts. */
export type TrainingDeviceRequest = TrainingDevice | "auto";

const START = "nn.start";
let started: TrainingDevice | null = null;
/** True when the loaded TensorFlow is the build for GPUs. */
let forGpu = false;

/** One way to start tfjs; `load` throws a {@link DeviceError} that names the missing requirement. */
interface Starter {
  /** Tests whether `auto` considers it: a device with a separate installation counts only when installed. */
  installed(): boolean;
  load(): Promise<void>;
}

const STARTERS: Record<TrainingDevice, Starter> = {
  tensorflow: {
    installed: () => tensorflowBuild() !== null,
    load: async () => void (forGpu = registerTensorflow(tf).gpu),
  },
  webgpu: { installed: () => missingForWebgpu().length === 0, load: loadWebgpu },
  wasm: { installed: () => true, load: loadWasm },
  cpu: { installed: () => true, load: loadCpu },
};

const DEVICES = Object.keys(STARTERS) as TrainingDevice[];

/**
 * Starts tfjs, on which every layer, loss and optimizer computes. A further call changes the device; tensors follow.
 *
 * @param request `auto` (default) is the best of `tensorflow`, `webgpu` (where installed), `wasm`, `cpu` that starts,
 *   with one warning after a fallback; a name is that device or an error
 * @returns the device that started
 * @throws DeviceError naming the missing requirement
 */
export async function startTfjs(request: TrainingDeviceRequest = "auto"): Promise<TrainingDevice> {
  if (request === "auto") return (started ??= await startFirst());
  if (!DEVICES.includes(request)) throw new DeviceError(START, `device must be auto, ${DEVICES.join(", ")}`, request);
  await startOne(request);
  return (started = request);
}

const loaded = new Set<TrainingDevice>();

async function startOne(device: TrainingDevice): Promise<void> {
  // Keeps tfjs from printing an advertisement of another package into the notebook.
  tf.enableProdMode();
  if (!loaded.has(device)) await STARTERS[device].load();
  loaded.add(device);
  if (!(await tf.setBackend(device))) throw new DeviceError(START, `device ${device} does not start`, device);
}

async function startFirst(): Promise<TrainingDevice> {
  const failures: string[] = [];
  for (const device of installedDevices()) {
    try {
      await startOne(device);
      if (failures.length) console.warn(`fovea: training on ${device}; ${failures.join("; ")}`);
      return device;
    } catch (error) {
      failures.push(`${device} did not start (${(error as Error).message.split("\n")[0]})`);
    }
  }
  throw new DeviceError(START, "one device must start", failures.join("; "));
}

/** Returns the devices whose packages are installed, best first. {@link startTfjs} tells whether one starts. */
export function installedDevices(): TrainingDevice[] {
  return DEVICES.filter((name) => STARTERS[name].installed());
}

/** Returns the device on which tfjs computes; null before {@link startTfjs}. */
export function trainingDevice(): TrainingDevice | null {
  return started;
}

/** Tests whether tensors are in this process's memory, where reading one costs only a copy. */
export function computesInMemory(): boolean {
  return tf.getBackend() !== RECORDER && started !== "webgpu" && !(started === "tensorflow" && forGpu);
}

/** Records an update of a training as a run of its device. */
export function noteTraining(ms: number): void {
  const isGpu = started === "tensorflow" && (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice;
  const device = isGpu ? "tensorflow-gpu" : (started ?? tf.getBackend());
  // TensorFlow takes as many threads as there are cores; tfjs's backends compute in one.
  const threads = started === "tensorflow" ? 0 : 1;
  noteRun({ device, runtime: `tfjs ${tf.version_core}`, ms, threads, tensorBytes: tf.memory().numBytes });
}

/** Refuses, in `fn`'s name, to compute before a device started. */
export function checkStarted(fn: string): void {
  if (started === null) throw new DeviceError(fn, "a device must be started first: await nn.start()", "none started");
}
