import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { BackendName } from "./recipes";

/** Returns the folder of installed backends: `FOVEA_BACKENDS`, or `fovea/backends` in the user's data folder. */
export function backendsFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FOVEA_BACKENDS) return env.FOVEA_BACKENDS;
  const data =
    process.platform === "darwin"
      ? join(homedir(), "Library", "Application Support")
      : join(homedir(), ".local", "share");
  return join(env.XDG_DATA_HOME || env.LOCALAPPDATA || data, "fovea", "backends");
}

/** Returns the folder of one backend, which may not exist. */
export function backendFolder(name: BackendName, env: NodeJS.ProcessEnv = process.env): string {
  return join(backendsFolder(env), name);
}

/**
 * Returns the shared folder of NVIDIA's libraries, with one folder per wheel under the wheel's name (`cublas`, `cudnn`,
 * …).
 */
export function nvidiaFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(backendsFolder(env), "nvidia");
}

/** Returns the folders of shared libraries that the loader must know before a process starts. */
function loaderFolders(env: NodeJS.ProcessEnv): string[] {
  const nvidia = nvidiaFolder(env);
  if (process.platform !== "linux" || !existsSync(nvidia)) return [];
  const folders = readdirSync(nvidia).map((name) => join(nvidia, name, "lib"));
  return folders.filter((folder) => existsSync(folder)).sort();
}

/**
 * Returns the variables to set before a process that uses installed backends starts, because the loader reads
 * `LD_LIBRARY_PATH` only then. Empty where no installed backend needs it, or where it is already set.
 */
export function loaderEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const present = (env.LD_LIBRARY_PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const missing = loaderFolders(env).filter((folder) => !present.includes(folder));
  return missing.length ? { LD_LIBRARY_PATH: [...missing, ...present].join(delimiter) } : {};
}
