import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ModelMessage } from "../messages";
import type { SessionOptions } from "../types";
import { readInstalled } from "../install/installed";
import { backendFolder } from "../install/places";

/** Package that runs models. */
export const RUNTIME = "onnxruntime-node";

/** Returns a model as its thread takes it: the thread reads files itself. */
export const forThread = (model: string | Uint8Array, options: SessionOptions): ModelMessage => ({ model, options });

/** Returns the folder of onnxruntime-node's binding for this machine, where it searches for providers. */
export function bindingFolder(runtime: string): string {
  return join(runtime, "bin", "napi-v6", process.platform, process.arch);
}

/** Returns the folder of the onnxruntime-node copied by `fovea backend install cuda`. */
export function copiedRuntime(folder: string): string {
  return join(folder, "node_modules", "onnxruntime-node");
}

/**
 * Returns the folder of the onnxruntime-node for this process: the copy with the CUDA provider where one is installed
 * for the library's version, else the package. One process can load only one of them, because both have a shared
 * library of the same name.
 */
export function runtimeFolder(): string {
  const copy = copiedRuntime(backendFolder("cuda"));
  const installed = readInstalled("cuda")?.versions.onnxruntime_gpu;
  return installed === runtimeVersion() && existsSync(copy) ? copy : packagedRuntime();
}

/** Returns the package as npm installed it. */
export const packagedRuntime = (): string => dirname(require.resolve("onnxruntime-node/package.json"));

let version: string | undefined;

/** Returns its version. */
export function runtimeVersion(): string {
  return (version ??= readVersion());
}

function readVersion(): string {
  const manifest = readFileSync(join(packagedRuntime(), "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
