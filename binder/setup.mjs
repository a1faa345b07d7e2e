/**
 * Makes the environment that `npm run lab`, `npm test` and Binder share: npm packages, a `.venv` with JupyterLab, the
 * build, and kernel, extension and the command `fovea` installed into that `.venv`. Each step leaves a stamp, so a
 * second run only checks.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { writeCommand } from "./command.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === "win32";
const stamps = join(root, ".fovea", "stamps");
const MIN_NODE = [20, 19];
const MIN_PYTHON = [3, 10];

/** Failure with its remedy. */
export class SetupError extends Error {
  constructor(message, remedy, output = "") {
    super(message);
    this.name = "SetupError";
    this.remedy = remedy;
    this.output = output;
  }
}

/**
 * Returns the Python environment. `FOVEA_PREFIX` names an existing one (Binder's, a conda one); the default is `.venv`.
 */
export function prefix() {
  return process.env.FOVEA_PREFIX || join(root, ".venv");
}

/** Returns the full path of a program of the Python environment. */
export function bin(name) {
  return windows ? join(prefix(), "Scripts", `${name}.exe`) : join(prefix(), "bin", name);
}

/** Returns the variables of the programs: the Python environment's programs come first. */
export function environment(extra = {}) {
  const path = `${dirname(bin("python"))}${windows ? ";" : ":"}${process.env.PATH ?? ""}`;
  return { ...process.env, PATH: path, ...extra };
}

/** Runs every step that is not up to date. */
export async function setup() {
  checkNode();
  await step("npm packages", [join(root, "package-lock.json")], installPackages, () =>
    existsSync(join(root, "node_modules", "typescript")),
  );
  await step("Python environment", [join(root, "binder", "requirements.txt")], installPython, () =>
    existsSync(bin("jupyter")),
  );
  const kernel = [...sources("kernel", [".ts", ".json", ".svg", ".png"]), join(root, "binder", "compiler.mjs")];
  await step("kernel", kernel, buildKernel, () => existsSync(join(root, "kernel", "dist", "index.js")));
  const viewers = join(root, "kernel", "page", "dist", "viewers");
  await step("extension", extensionSources(), buildExtension, () =>
    [installedExtension(), viewers].every((path) => existsSync(path)),
  );
  writeCommands();
}

/**
 * Writes `fovea` beside the environment's Python, and where `npx fovea` searches, because npm links no program that is
 * not built yet.
 */
function writeCommands() {
  const script = join(root, "kernel", "dist", "cli.js");
  for (const folder of [dirname(bin("python")), join(root, "node_modules", ".bin")]) writeCommand(folder, script);
}

function checkNode() {
  const version = process.versions.node.split(".").map(Number);
  if (!atLeast(version, MIN_NODE)) {
    throw new SetupError(
      `Node ${process.versions.node} is too old`,
      `Install Node ${MIN_NODE.join(".")} or newer and run the command again.`,
    );
  }
}

function atLeast(version, minimum) {
  return version[0] > minimum[0] || (version[0] === minimum[0] && version[1] >= minimum[1]);
}

async function installPackages() {
  const npm = windows ? "npm.cmd" : "npm";
  await run(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    remedy:
      "The npm registry must be reachable (check the network, a proxy, `npm config get registry`), and the disk needs about 1 GB.",
    shell: windows,
  });
}

async function installPython() {
  if (!process.env.FOVEA_PREFIX) await makeVenv();
  await run(
    bin("python"),
    ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", join("binder", "requirements.txt")],
    {
      remedy: "PyPI must be reachable (check the network, a proxy, `pip config list`).",
    },
  );
}

async function makeVenv() {
  const python = findPython();
  if (existsSync(bin("python"))) return;
  await run(python, ["-m", "venv", prefix()], {
    remedy: "Python's venv module is needed. On Debian and Ubuntu: apt-get install python3-venv",
  });
}

/** Returns the first Python that is new enough. */
export function findPython() {
  const candidates = [process.env.FOVEA_PYTHON, "python3", "python", "py"].filter(Boolean);
  const seen = [];
  for (const candidate of candidates) {
    const probe = spawnSync(candidate, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], {
      encoding: "utf8",
    });
    if (probe.status !== 0) continue;
    const version = probe.stdout.trim();
    if (atLeast(version.split(".").map(Number), MIN_PYTHON)) return candidate;
    seen.push(`${candidate} is ${version}`);
  }
  throw new SetupError(
    seen.length > 0 ? `Python is too old: ${seen.join(", ")}` : "Python is missing",
    `Install Python ${MIN_PYTHON.join(".")} or newer, or name one with FOVEA_PYTHON=/path/to/python3.`,
  );
}

async function buildKernel() {
  await run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-b", "kernel"], {
    remedy: "The lines above name the error in kernel/.",
  });
  await run(process.execPath, [join("binder", "compiler.mjs")], {
    remedy: "kernel/dist must be writable.",
  });
  await run(process.execPath, [join("kernel", "dist", "cli.js"), "install", "--prefix", prefix()], {
    remedy: "The environment's folder must be writable.",
  });
}

async function buildExtension() {
  await run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-b", "extension"], {
    remedy: "The lines above name the error in extension/.",
  });
  const protocol = join("kernel", "protocol", "tsconfig.build.json");
  await run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-p", protocol], {
    remedy: "The lines above name the error in kernel/protocol.",
  });
  await run(process.execPath, [join("binder", "viewers.mjs")], {
    remedy: "The lines above name the error in extension/.",
  });
  await run(bin("jupyter-builder"), ["build", "."], { remedy: "The lines above name the error in extension/." });
  const target = dirname(installedExtension());
  const beside = `${target}.new`;
  rmSync(beside, { recursive: true, force: true });
  cpSync(join(root, "extension", "labextension"), beside, { recursive: true });
  rmSync(target, { recursive: true, force: true });
  renameSync(beside, target);
}

function installedExtension() {
  return join(prefix(), "share", "jupyter", "labextensions", "jupyterlab-fovea", "package.json");
}

function extensionSources() {
  const own = [...sources("extension/src", [".ts", ".json"]), ...sources("style", [".css", ".js", ".svg"])];
  return [
    ...own,
    ...["protocol", "numeric", "contracts", "rules"].flatMap((room) => sources(`kernel/${room}`, [".ts"])),
    join(root, "binder", "viewers.mjs"),
    join(root, "binder", "labextension.cjs"),
    join(root, "package.json"),
  ];
}

/** Returns every file below `folder` with one of these endings, without built files. */
function sources(folder, endings) {
  const skipped = new Set(["node_modules", "dist", "dist-browser", "lib", "labextension"]);
  const found = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) found.push(...sources(path, endings));
    if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) found.push(join(root, path));
  }
  return found;
}

/** Runs `action` unless the content of `inputs` equals the last success's and `made` confirms the result. */
async function step(name, inputs, action, made) {
  const key = digest(inputs);
  const stamp = join(stamps, name.replaceAll(" ", "-"));
  const fresh = existsSync(stamp) && readFileSync(stamp, "utf8") === key && made();
  if (fresh) return;
  const start = Date.now();
  process.stderr.write(`fovea: ${name} ...\n`);
  await action();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, key);
  process.stderr.write(`fovea: ${name} done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

function digest(files) {
  const hash = createHash("sha256");
  // Another Node, place or environment invalidates earlier builds.
  hash.update(`${process.version} ${root} ${prefix()}\n`);
  for (const file of files.sort()) {
    hash.update(`${relative(root, file)} ${statSync(file).size}\n`);
    hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Runs a program in the repository; a failure shows the end of its output and the remedy. */
function run(command, args, { remedy, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    });
    let output = "";
    const keep = (chunk) => (output = (output + chunk).slice(-6000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => reject(new SetupError(`${command} cannot be started: ${error.message}`, remedy)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new SetupError(`${command} ${args.join(" ")} ended with ${code}`, remedy, output));
    });
  });
}

/** Prints a failure with its remedy and ends the process with 1. */
export function fail(error) {
  if (error instanceof SetupError) {
    if (error.output) process.stderr.write(`${error.output.trimEnd()}\n`);
    process.stderr.write(`\nfovea: ${error.message}\n${error.remedy}\n`);
  } else {
    process.stderr.write(`${error.stack ?? error}\n`);
  }
  process.exit(1);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) setup().catch(fail);
