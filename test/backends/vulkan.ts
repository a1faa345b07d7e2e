/** Vulkan computed by the processor, for tests of WebGPU on machines without a graphics card. Nothing of it is installed. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const LIMIT = { timeout: 180_000, maxBuffer: 2 ** 24 };

/** Debian 12's own Mesa is too old for Dawn; the one of its backports is not. */
const RELEASE = "bookworm";
const DRIVER = ["mesa-vulkan-drivers", "libdrm2", "libdrm-amdgpu1"].map((name) => `${name}/${RELEASE}-backports`);
/** Libraries that the driver needs and a bare machine lacks. */
const LIBRARIES = [
  "libllvm15",
  "libz3-4",
  "libedit2",
  "libbsd0",
  "libmd0",
  "libxml2",
  "libicu72",
  "libelf1",
  "libexpat1",
  "libxcb1",
  "libxau6",
  "libxdmcp6",
  "libx11-xcb1",
  "libxcb-dri3-0",
  "libxcb-present0",
  "libxcb-randr0",
  "libxcb-shm0",
  "libxcb-sync1",
  "libxcb-xfixes0",
  "libxshmfence1",
  "libwayland-client0",
];

/**
 * Unpacks Mesa's driver into `folder`, once.
 *
 * @returns the environment in which a process finds it, or why there is none
 */
export async function softwareVulkan(folder: string): Promise<NodeJS.ProcessEnv | string> {
  try {
    if (!existsSync(folder)) await unpackDriver(folder);
    return environment(folder);
  } catch (error) {
    return `no Vulkan in software: ${(error as Error).message.trim().split("\n").at(-1)}`;
  }
}

const librariesOf = (folder: string): string => join(folder, "root", "usr", "lib", "x86_64-linux-gnu");

function environment(folder: string): NodeJS.ProcessEnv {
  const runtime = join(folder, "run");
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const driver = join(folder, "driver.json");
  return { VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: runtime, LD_LIBRARY_PATH: librariesOf(folder) };
}

async function unpackDriver(folder: string): Promise<void> {
  if (process.arch !== "x64" || !existsSync("/etc/os-release")) throw new Error("known for Debian on x86-64 only");
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (release !== RELEASE) throw new Error(`known for Debian ${RELEASE}, this is ${release}`);
  const beside = `${folder}.part`;
  rmSync(beside, { recursive: true, force: true });
  const apt = ownApt(beside);
  await run("apt-get", [...apt, "update"], LIMIT);
  await fetch(beside, apt, [...DRIVER, "libvulkan1"]);
  const library = join(librariesOf(beside), "libvulkan_lvp.so");
  if (await lacks(beside, library)) await fetch(beside, apt, LIBRARIES);
  const missing = await lacks(beside, library);
  if (missing) throw new Error(`the driver needs ${missing}`);
  for (const name of ["lists", "cache", "packages"]) rmSync(join(beside, name), { recursive: true });
  writeDriver(beside, folder);
  renameSync(beside, folder);
}

function writeDriver(beside: string, folder: string): void {
  const ICD = { api_version: "1.4.305", library_path: join(librariesOf(folder), "libvulkan_lvp.so") };
  writeFileSync(join(beside, "driver.json"), JSON.stringify({ ICD, file_format_version: "1.0.0" }));
}

/** Options by which apt works in a separate folder, with this machine's mirror and its backports. */
function ownApt(folder: string): string[] {
  for (const name of ["lists/partial", "cache/archives/partial", "packages"])
    mkdirSync(join(folder, name), { recursive: true });
  const sources = ["sources.list", "sources.list.d/debian.sources"].map((name) => join("/etc/apt", name));
  const text = sources.map((path) => (existsSync(path) ? readFileSync(path, "utf8") : "")).join("\n");
  const mirror = /^(?:URIs:|deb(?: \[.*\])?) *(\S+)/m.exec(text)?.[1];
  if (!mirror) throw new Error("apt has no mirror of Debian");
  const lines = [RELEASE, `${RELEASE}-backports`].map((suite) => `deb ${mirror} ${suite} main\n`);
  writeFileSync(join(folder, "sources.list"), lines.join(""));
  const settings = {
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "/nonexistent",
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Sandbox::User": "root",
  };
  return ["-qq", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
}

async function fetch(folder: string, apt: string[], names: string[]): Promise<void> {
  const packages = join(folder, "packages");
  await run("apt-get", [...apt, "download", ...names], { ...LIMIT, cwd: packages });
  for (const file of readdirSync(packages))
    await run("dpkg", ["-x", join(packages, file), join(folder, "root")], LIMIT);
}

/** Names of libraries that the loader does not find for this one. */
async function lacks(folder: string, library: string): Promise<string> {
  const env = { ...process.env, LD_LIBRARY_PATH: librariesOf(folder) };
  const { stdout } = await run("ldd", [library], { env });
  return [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name).join(", ");
}
