import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPython, root } from "../../binder/setup.mjs";

const folder = join(root, ".fovea", "scale-python");
const requirements = join(root, "test", "scale", "requirements.txt");

/** Path of the Python of the suite `scale`, where it has been made; else null. */
export function scalePython() {
  const python = process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
  return existsSync(python) && existsSync(join(folder, "fovea-stamp")) ? python : null;
}

/** Makes a Python with Ray and the readers of other tools, about a minute. Throws where the packages cannot be had. */
export function makeScalePython() {
  const key = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const stamp = join(folder, "fovea-stamp");
  const found = scalePython();
  if (found && readFileSync(stamp, "utf8") === key) return found;
  mkdirSync(folder, { recursive: true });
  run(findPython(), ["-m", "venv", folder]);
  const python = process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
  run(python, ["-m", "pip", "install", "--quiet", "-r", requirements]);
  writeFileSync(stamp, key);
  return scalePython();
}

function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (error ?? status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.slice(-400)}`);
}
