import { existsSync, mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockFolder } from "../../platform/folder-lock";
import { DeviceError } from "../types";
import { checkCuda, makeCuda } from "./cuda";
import { fetchPackage, fetchWheel } from "./fetch";
import { type Installed, MANIFEST } from "./installed";
import { installNvidia } from "./nvidia";
import { backendFolder, backendsFolder } from "./places";
import { type BackendName, type NpmPackage, type Recipe, RECIPES, type Wheel } from "./recipes";
import { checkTensorflow, makeTensorflow } from "./tensorflow";
import { findCompiler, findNpm, findPython } from "./tools";

const FN = "backend install";

/** Progress of an installation; `bytes` of `total` during a download. */
export interface InstallProgress {
  step: string;
  bytes?: number;
  total?: number;
}

export interface InstallOptions {
  onProgress?: (progress: InstallProgress) => void;
  /** Recipe to install. Default: the recipe of that name. */
  recipe?: Recipe;
  /**
   * Verifies the built backend before it takes its place, and returns the part that could not be verified here.
   * Default: an operation in a child process.
   */
  check?: (folder: string) => Promise<string | null>;
}

const MAKERS = { tensorflow: makeTensorflow, "tensorflow-gpu": makeTensorflow, cuda: makeCuda };
const CHECKS = { tensorflow: checkTensorflow, "tensorflow-gpu": checkTensorflow, cuda: checkCuda };

/**
 * Fetches and builds a backend below `backendsFolder()`. It is built beside its place, verified and then renamed; the
 * earlier one stays until then. Complete downloads are kept after a failure or an interruption for the next run.
 *
 * @returns the part that could not be verified on this machine; null where it runs
 * @throws DeviceError naming the missing platform, room, Python, npm, compiler, network, or the failed verification
 */
export async function installBackend(name: BackendName, options: InstallOptions = {}): Promise<string | null> {
  const recipe = options.recipe ?? RECIPES[name];
  const say = (step: string) => options.onProgress?.({ step });
  checkPlatform(recipe);
  const folder = backendsFolder();
  mkdirSync(folder, { recursive: true });
  const release = await lockFolder(
    folder,
    (who) => new DeviceError(FN, `one installation at a time, busy is ${who}`, folder),
  );
  try {
    checkRoom(recipe, folder);
    return await build(recipe, say, options);
  } finally {
    await release();
  }
}

async function build(recipe: Recipe, say: (step: string) => void, options: InstallOptions): Promise<string | null> {
  const downloads = join(backendsFolder(), ".downloads", recipe.name);
  const target = `${backendFolder(recipe.name)}.new`;
  const scratch = join(downloads, "scratch");
  for (const folder of [target, scratch]) rmSync(folder, { recursive: true, force: true });
  for (const folder of [target, scratch]) mkdirSync(folder, { recursive: true });
  const python = await findPython();
  const compiler = recipe.packages.length ? await findCompiler() : "";
  const packages = await fetchPackages(recipe.packages, downloads, say);
  const fetch = (wheel: Wheel) => fetchWheel(python, wheel, downloads, reporter(wheel, options));
  const shop = { recipe, python, compiler, packages, target, scratch, say, wheel: await fetch(recipe.wheel) };
  const nvidia = await installNvidia(shop, fetch);
  await MAKERS[recipe.name](shop);
  say("trying it");
  const unproved = await (options.check ?? CHECKS[recipe.name])(target);
  finish(recipe, target, nvidia);
  rmSync(join(backendsFolder(), ".downloads"), { recursive: true, force: true });
  return unproved;
}

function checkPlatform({ name, platforms }: Recipe): void {
  const here = `${process.platform}-${process.arch}`;
  if (platforms.includes(here)) return;
  const instead = name === "cuda" ? "the device webgpu or cpu works without" : "training on wasm works without";
  throw new DeviceError(FN, `${name} is for ${platforms.join(", ")} (${instead})`, here);
}

function checkRoom({ name, diskBytes }: Recipe, folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= diskBytes) return;
  const rule = `${name} needs ${gigabytes(diskBytes)} of room in ${folder} (FOVEA_BACKENDS names another folder)`;
  throw new DeviceError(FN, rule, gigabytes(bavail * bsize));
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

async function fetchPackages(
  packages: NpmPackage[],
  folder: string,
  say: (step: string) => void,
): Promise<Map<string, string>> {
  const npm = packages.length ? await findNpm() : "";
  const paths = new Map<string, string>();
  for (const one of packages) {
    say(`fetching ${one.name} ${one.version}`);
    paths.set(one.name, await fetchPackage(npm, one, folder));
  }
  return paths;
}

const reporter =
  (wheel: Wheel, { onProgress }: InstallOptions) =>
  (bytes: number): void =>
    onProgress?.({ step: `fetching ${wheel.file}`, bytes: Math.min(bytes, wheel.bytes), total: wheel.bytes });

/** Writes the manifest last: a folder without one is not installed. */
function finish(recipe: Recipe, made: string, nvidia: Record<string, string>): void {
  const folder = backendFolder(recipe.name);
  const [project, version] = recipe.wheel.file.split("-");
  const versions = Object.fromEntries([[project, version], ...recipe.packages.map((one) => [one.name, one.version])]);
  const manifest: Installed = { name: recipe.name, versions, nvidia };
  writeFileSync(join(made, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  const old = `${folder}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(folder)) renameSync(folder, old);
  renameSync(made, folder);
  rmSync(old, { recursive: true, force: true });
}
