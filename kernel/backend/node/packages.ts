/** Packages of tfjs, loaded when a device first needs them. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const load = createRequire(__filename);

/** For Node the core comes without gradients; of its packages, the smallest that brings them is the one of layers. Its type is named in `tf.ts`. */
export function loadCore(): object {
  load("@tensorflow/tfjs-layers");
  return load("@tensorflow/tfjs-core") as object;
}

/** Loads tfjs's backend in plain JavaScript. */
export async function loadCpu(): Promise<void> {
  load("@tensorflow/tfjs-backend-cpu");
}

/** Loads tfjs's backend on WebAssembly; its binary lies in its own package. */
export async function loadWasmPackage(): Promise<void> {
  const entry = load.resolve("@tensorflow/tfjs-backend-wasm");
  (load(entry) as { setWasmPaths(prefix: string): void }).setWasmPaths(join(dirname(entry), "/"));
}
