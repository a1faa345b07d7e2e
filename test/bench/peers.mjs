import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPython, root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";

/** A Python environment of its own: torch is too large to come with the set-up that everybody needs. */
export async function peersPython() {
  const folder = join(root, ".fovea", "bench-python");
  const python = process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
  const requirements = join(root, "test", "bench", "requirements.txt");
  const key = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const stamp = join(folder, "fovea-stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return python;
  process.stderr.write("fovea: Python peers for the benchmark (torch) ...\n");
  mkdirSync(folder, { recursive: true });
  await capture(findPython(), ["-m", "venv", folder]);
  await capture(python, ["-m", "pip", "install", "--quiet", "-r", requirements]);
  writeFileSync(stamp, key);
  return python;
}
