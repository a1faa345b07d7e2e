import type * as Tfjs from "@tensorflow/tfjs-core";
import { platform } from "../../platform";
import { loadCpuClass, loadOnnxBinding, memoryOfMachine } from "../node";
import { DeviceError } from "../types";
import { type CpuBackend, makeBackend, type NativeBackend } from "./backend";
import { NATIVE_BACKEND, registerKernels } from "./kernels";
import { Memory } from "./memory";
import type { NativeOptions } from "./options";
import { NativeRuntime } from "./runtime";

/** Each graph has threads that it shares with no other, so more of them would cost more than they help. */
const MOST_THREADS = 8;
const MEMORY_SHARE = 0.9;
/** Above the priority of tfjs's packages: tfjs takes this device by itself where none was chosen. */
const PRIORITY = 2;

let started: NativeBackend | null = null;

/** Makes the device `native` known to tfjs, which starts it at the first operation where no device was chosen. */
export function offerNative(core: typeof Tfjs): void {
  if (!core.findBackendFactory(NATIVE_BACKEND))
    core.registerBackend(NATIVE_BACKEND, () => startNative(core) as Tfjs.KernelBackend, PRIORITY);
}

/**
 * Starts the device; with options, changes a started one.
 *
 * @throws DeviceError for a wrong option, or where onnxruntime-node does not compute here
 */
export function startNative(core: typeof Tfjs, options: NativeOptions = {}): NativeBackend {
  checkOptions(options);
  const backend = (started ??= makeNative(core));
  if (options.threads !== undefined) backend.device.runtime.useThreads(options.threads);
  if (options.memory !== undefined) backend.device.pool.limit = options.memory;
  return backend;
}

/** Returns the number of threads inside one operator; 0 before the device starts. */
export const nativeThreads = (): number => started?.device.runtime.threadCount ?? 0;

function checkOptions(options: NativeOptions): void {
  for (const [name, value] of Object.entries(options) as [string, number | undefined][])
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      throw new DeviceError("nn.start", `${name} must be a whole number above 0`, value);
}

function makeNative(core: typeof Tfjs): NativeBackend {
  // The binding first: without it tfjs's cpu backend must not be known, or tfjs would take it by itself.
  const runtime = new NativeRuntime(loadOnnxBinding(), Math.min(MOST_THREADS, platform().cores()));
  const Base = loadCpuClass() as new () => CpuBackend;
  const backend = makeBackend(Base, runtime, new Memory(Math.floor(MEMORY_SHARE * memoryOfMachine())));
  registerKernels(core);
  return backend;
}
