import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { BackendName } from "./recipes";

/** Where installed backends lie: `FOVEA_BACKENDS`, or `fovea/backends` in the user's folder for data. */
export function backendsFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FOVEA_BACKENDS) return env.FOVEA_BACKENDS;
  const data =
    process.platform === "darwin"
      ? join(homedir(), "Library", "Application Support")
      : join(homedir(), ".local", "share");
  return join(env.XDG_DATA_HOME || env.LOCALAPPDATA || data, "fovea", "backends");
}

/** The folder of one backend, there or not. */
export function backendFolder(name: BackendName, env: NodeJS.ProcessEnv = process.env): string {
  return join(backendsFolder(env), name);
}

/** Where NVIDIA's libraries lie for all backends: one folder a wheel, as the wheel names it (`cublas`, `cudnn`, …). */
export function nvidiaFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(backendsFolder(env), "nvidia");
}

/** The folders of shared libraries that the loader has to know before a process starts. */
function loaderFolders(env: NodeJS.ProcessEnv): string[] {
  const nvidia = nvidiaFolder(env);
  if (process.platform !== "linux" || !existsSync(nvidia)) return [];
  const folders = readdirSync(nvidia).map((name) => join(nvidia, name, "lib"));
  return folders.filter((folder) => existsSync(folder)).sort();
}

/**
 * What to set before a process starts that is to use installed backends: the loader reads `LD_LIBRARY_PATH` once, at the start.
 * Empty where nothing is installed that needs it, or where it is set already.
 */
export function loaderEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const present = (env.LD_LIBRARY_PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const missing = loaderFolders(env).filter((folder) => !present.includes(folder));
  return missing.length ? { LD_LIBRARY_PATH: [...missing, ...present].join(delimiter) } : {};
}
