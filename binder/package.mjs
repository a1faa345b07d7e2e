/**
 * Command `npm run package [-- FOLDER] [-- --platform NAME …] [-- --all]`: makes a Python wheel with kernelspec, kernel, its npm
 * packages for one platform, and the JupyterLab extension: by default for this platform, or for those that are named, or for all.
 * With them comes a `.vsix` with the viewers for VS Code. The content is gathered in `.fovea/wheel/content`; wheels are written to FOLDER, by default `.fovea/wheel/dist`. All programs of all platforms
 * come from the npm registry.
 */
import { spawnSync } from "node:child_process";
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
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { licensesOf } from "./licenses.mjs";
import { packVsix } from "./vscode.mjs";
import { bin, environment, fail, root, setup, SetupError } from "./setup.mjs";

const windows = process.platform === "win32";
const wheelRoot = join(root, ".fovea", "wheel", "content");
const modules = join(wheelRoot, "node_modules");

/** Platforms in pip's names: the oldest ones for which the native packages below are built. sharp needs glibc 2.28. */
const PLATFORMS = {
  "linux-x64": "manylinux_2_28_x86_64",
  "linux-arm64": "manylinux_2_28_aarch64",
  "darwin-arm64": "macosx_14_0_arm64",
  "win32-x64": "win_amd64",
  "win32-arm64": "win_arm64",
};
/** Platforms of a release. */
const RELEASED = ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64"];

/** Folders of native packages with one subfolder per platform, and in it one per architecture. */
const NATIVE = ["onnxruntime-node/bin/napi-v6", "zeromq/build"];

function platformTag(name) {
  if (PLATFORMS[name]) return PLATFORMS[name];
  throw new SetupError(
    `there is no wheel for ${name}`,
    `onnxruntime-node has programs for ${Object.keys(PLATFORMS).join(", ")}.`,
  );
}

/** Installs exactly the kernel's npm packages of a platform from the lock file. */
function installModules(platform, arch) {
  const staging = join(wheelRoot, "npm");
  mkdirSync(join(staging, "kernel"), { recursive: true });
  for (const file of ["package.json", "package-lock.json", ".npmrc", "kernel/package.json"]) {
    cpSync(join(root, file), join(staging, file));
  }
  const target = [`--os=${platform}`, `--cpu=${arch}`, "--libc=glibc"];
  const options = [
    ...target,
    "--omit=dev",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--loglevel=error",
  ];
  run(windows ? "npm.cmd" : "npm", ["ci", "-w", "kernel", ...options], {
    cwd: staging,
    shell: windows,
    remedy: "The npm registry must be reachable (check the network, a proxy, `npm config get registry`).",
  });
  renameSync(join(staging, "node_modules"), modules);
  const nested = join(staging, "kernel", "node_modules");
  rmSync(join(modules, "fovea"), { recursive: true });
  if (existsSync(nested)) cpSync(nested, join(modules, "fovea", "node_modules"), { recursive: true });
  rmSync(staging, { recursive: true });
}

/** Removes links, which do not survive a wheel, and programs of other platforms, three quarters of the size. */
function prune(platform, arch) {
  for (const entry of readdirSync(modules, { withFileTypes: true, recursive: true })) {
    if (entry.name === ".bin") rmSync(join(entry.parentPath ?? entry.path, entry.name), { recursive: true });
  }
  rmSync(join(modules, ".package-lock.json"), { force: true });
  for (const folder of NATIVE) {
    keepOnly(join(modules, folder), platform);
    keepOnly(join(modules, folder, platform), arch);
  }
  pruneTfjs();
  pruneFonts();
}

/** Faces that still pictures are drawn with, of a package that has twenty. */
const FACES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

function pruneFonts() {
  const folder = join(modules, "dejavu-fonts-ttf");
  for (const face of readdirSync(join(folder, "ttf"))) if (!FACES.includes(face)) rmSync(join(folder, "ttf", face));
  for (const text of ["status.txt", "NEWS", "unicover.txt", "langcover.txt"])
    rmSync(join(folder, text), { force: true });
}

/** Removes five of tfjs's six builds, with maps and tests; Node loads one. */
function pruneTfjs() {
  const scope = join(modules, "@tensorflow");
  for (const entry of readdirSync(scope, { withFileTypes: true, recursive: true })) {
    const needed = /(\.node\.js|\.wasm|\.d\.ts|^package\.json|^LICENSE)$/.test(entry.name);
    if (entry.isFile() && !needed) rmSync(join(entry.parentPath ?? entry.path, entry.name));
  }
}

function keepOnly(folder, name) {
  if (!existsSync(join(folder, name))) throw new SetupError(`${join(folder, name)} is missing`, "Run npm ci again.");
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== name) rmSync(join(folder, entry.name), { recursive: true });
  }
}

/** Copies the package `fovea` as npm would pack it: built kernel, zoo, kernelspec's logos. */
function copyKernel() {
  const target = join(modules, "fovea");
  mkdirSync(target, { recursive: true });
  const sheets = ["colors", "page", "notebook"].map((name) => `page/${name}.css`);
  for (const name of ["dist", "jupyter/kernelspec", ...sheets, "page/dist", "zoo", "package.json", "LICENSE"]) {
    cpSync(join(root, "kernel", name), join(target, name), { recursive: true, filter: isShipped });
  }
}

function isShipped(path) {
  return !path.endsWith(".tsbuildinfo") && !path.startsWith(join(root, "kernel", "zoo", "train"));
}

/**
 * Writes the kernelspec of `fovea install`, except for the start of the kernel. Jupyter replaces `python` by its
 * Python.
 */
function writeKernelSpec() {
  const folder = join(wheelRoot, "kernelspec");
  cpSync(join(root, "kernel", "jupyter", "kernelspec"), folder, { recursive: true });
  const { kernelSpec } = createRequire(import.meta.url)("../kernel/dist/cli/kernelspec.js");
  const spec = { ...kernelSpec(), argv: ["python", "-m", "fovea_kernel", "-f", "{connection_file}"] };
  writeFileSync(join(folder, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
}

/** Builds the wheel of a platform and returns its path. */
function buildWheel(target, name) {
  mkdirSync(target, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  run(bin("python"), ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", target, root], {
    cwd: root,
    env: environment({ FOVEA_WHEEL_PLATFORM: platformTag(name) }),
    remedy: "PyPI must be reachable for hatchling (check the network, a proxy, `pip config list`).",
  });
  const path = join(target, `jupyterlab_fovea-${version}-py3-none-${platformTag(name)}.whl`);
  if (!existsSync(path)) throw new SetupError(`${path} was not written`, "Compare binder/package.mjs with its name.");
  return path;
}

function run(command, args, { remedy, ...options }) {
  const result = spawnSync(command, args, { encoding: "utf8", ...options });
  if (result.error) throw new SetupError(`${command} cannot be started: ${result.error.message}`, remedy);
  if (result.status === 0) return;
  throw new SetupError(
    `${command} ${args.join(" ")} ended with ${result.status}`,
    remedy,
    (result.stdout + result.stderr).slice(-6000),
  );
}

async function main() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const target = resolve(positionals[0] ?? join(root, ".fovea", "wheel", "dist"));
  const names = values.all ? RELEASED : (values.platform ?? [`${process.platform}-${process.arch}`]);
  names.forEach(platformTag);
  await setup();
  if (!existsSync(join(root, "extension", "labextension", "package.json"))) {
    throw new SetupError("extension/labextension is missing", "Run npm run build:extension.");
  }
  for (const name of names) {
    const wheel = makeWheel(target, name);
    process.stdout.write(`${wheel}\n${(statSync(wheel).size / 1e6).toFixed(1)} MB\n`);
  }
  const vsix = await packVsix(target);
  process.stdout.write(`${vsix}\n${(statSync(vsix).size / 1e6).toFixed(1)} MB\n`);
}

function makeWheel(target, name) {
  const [platform, arch] = name.split("-");
  rmSync(wheelRoot, { recursive: true, force: true });
  installModules(platform, arch);
  prune(platform, arch);
  writeFileSync(join(wheelRoot, "THIRD-PARTY-LICENSES.txt"), licensesOf(modules));
  copyKernel();
  writeKernelSpec();
  return buildWheel(target, name);
}

const OPTIONS = { all: { type: "boolean", default: false }, platform: { type: "string", multiple: true } };

main().catch(fail);
