import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readInstalled } from "../install/installed";
import { backendFolder } from "../install/places";

/** Where a package of onnxruntime-node has its binding for this machine, and looks for providers. */
export function bindingFolder(runtime: string): string {
  return join(runtime, "bin", "napi-v6", process.platform, process.arch);
}

/** Where `fovea backend install cuda` lays its copy of onnxruntime-node. */
export function copiedRuntime(folder: string): string {
  return join(folder, "node_modules", "onnxruntime-node");
}

/**
 * The folder of the onnxruntime-node that this process is to load: the copy with the CUDA provider where one is installed for
 * the version that the library is built for, else the package itself. One process holds one of them: both have the same
 * shared library by name.
 */
export function runtimeFolder(): string {
  const copy = copiedRuntime(backendFolder("cuda"));
  const installed = readInstalled("cuda")?.versions.onnxruntime_gpu;
  return installed === runtimeVersion() && existsSync(copy) ? copy : packagedRuntime();
}

/** The package as npm installed it. */
export const packagedRuntime = (): string => dirname(require.resolve("onnxruntime-node/package.json"));

let version: string | undefined;

/** Its version. */
export function runtimeVersion(): string {
  return (version ??= readVersion());
}

function readVersion(): string {
  const manifest = readFileSync(join(packagedRuntime(), "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Loads it into this process. */
export function loadRuntime(): typeof import("onnxruntime-node") {
  return createRequire(__filename)(runtimeFolder()) as typeof import("onnxruntime-node");
}
