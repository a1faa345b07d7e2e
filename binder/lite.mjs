/**
 * JupyterLite for the site: JupyterLab without a server, with the tutorials, the viewers, and the kernel of `../fovea/` behind it. It needs
 * the Python package `jupyterlite-core` of `binder/requirements.txt`, and the built labextension.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, environment, prefix, root } from "./setup.mjs";

const load = createRequire(import.meta.url);
const LITE = join(root, "extension", "lite");
const VIEWERS = join(root, "extension", "labextension");

/** Front ends of widgets, where they are installed. */
const INSTALLED = ["@jupyter-widgets/jupyterlab-manager", "anywidget"];

/** Returns why JupyterLite cannot be built here, or null. */
export function missingForLite() {
  if (!existsSync(join(VIEWERS, "package.json"))) return "npm run build:extension was not called";
  const { status } = spawnSync(bin("python"), ["-c", "import jupyterlite_core"], { stdio: "ignore" });
  return status === 0 ? null : "the Python package jupyterlite-core is not installed";
}

/** Writes JupyterLite with these notebooks into a folder. @param notebooks paths by the names that they get */
export function buildLite(folder, notebooks) {
  buildKernelExtension();
  const scratch = mkdtempSync(join(tmpdir(), "fovea-lite-"));
  try {
    const files = join(scratch, "files");
    mkdirSync(files);
    for (const [name, path] of Object.entries(notebooks)) copyFileSync(path, join(files, name));
    writeFileSync(join(scratch, "jupyter-lite.json"), JSON.stringify(CONFIGURATION));
    const built = join(scratch, "built");
    const options = { LiteBuildConfig: optionsOf(files, built) };
    writeFileSync(join(scratch, "jupyter_lite_config.json"), JSON.stringify(options));
    run(bin("jupyter"), ["lite", "build"], scratch);
    cpSync(built, folder, { recursive: true });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const CONFIGURATION = {
  "jupyter-lite-schema-version": 0,
  "jupyter-config-data": { appName: "Fovea", defaultKernelName: "fovea" },
};

/** The options of `jupyter lite build`. */
function optionsOf(files, built) {
  const installed = INSTALLED.map((name) => join(prefix(), "share", "jupyter", "labextensions", name));
  return {
    output_dir: built,
    contents: [files],
    apps: ["lab"],
    federated_extensions: [VIEWERS, join(LITE, "labextension"), ...installed.filter((path) => existsSync(path))],
    // The environment's own extensions speak to a server.
    ignore_sys_prefix: ["federated_extensions"],
    no_sourcemaps: true,
    no_unused_shared_packages: true,
  };
}

/** Builds the labextension that registers the kernel; nothing but the site has it. */
function buildKernelExtension() {
  run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", LITE], root);
  const builder = load.resolve("@jupyter/builder/lib/build-labextension.js");
  const core = join(root, "node_modules", "@jupyterlab", "core-meta", "core.package.json");
  run(process.execPath, [builder, "--core-package-file", core, LITE], root);
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env: environment(), encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`site: ${args.join(" ")} ended with ${status}\n${(stdout + stderr).slice(-4000)}`);
}
