import { createRequire } from "node:module";
import { totalmem } from "node:os";
import { join } from "node:path";
import type { Binding } from "../native/session";
import { DeviceError } from "../types";
import { runtimeFolder } from "./runtime";

const load = createRequire(__filename);

/** True where the device `native` may start. */
export const hasNative = true;

/**
 * Loads onnxruntime-node's binding, below its interface of promises: there a call returns when it is done.
 *
 * @throws DeviceError where the package has no binding for this machine, or another version no such module
 */
export function loadOnnxBinding(): Binding {
  try {
    const { binding, initOrt } = load(join(runtimeFolder(), "dist", "binding.js")) as {
      binding: Binding;
      initOrt(): void;
    };
    initOrt();
    return binding;
  } catch (error) {
    const place = `${process.platform}-${process.arch}`;
    throw new DeviceError("nn.start", `onnxruntime-node must have a binding for ${place}`, error);
  }
}

/** Loads the class of tfjs's backend in plain JavaScript, with its kernels. */
export function loadCpuClass(): new () => object {
  return (load("@tensorflow/tfjs-backend-cpu") as { MathBackendCPU: new () => object }).MathBackendCPU;
}

/** Returns the bytes of memory that this process may have. */
export function memoryOfMachine(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
