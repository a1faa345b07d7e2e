import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findPython, root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";

const windows = process.platform === "win32";
const DENO = "deno@2.9.6";
const RETRIEVAL = ["clip-retrieval==2.45.0"];
const RETRIEVAL_NEEDS = ["webdataset==0.2.111", "pandas==2.3.3", "pyarrow==22.0.0"];

/** A separate Python environment: torch is too large to come with the set-up that everybody needs. */
export async function peersPython() {
  const folder = join(root, ".fovea", "bench-python");
  const python = windows ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
  const requirements = join(root, "test", "bench", "requirements.txt");
  await once(
    folder,
    readFileSync(requirements),
    "Python peers (torch, transformers, peft), about a minute",
    async () => {
      await capture(findPython(), ["-m", "venv", folder]);
      await capture(python, ["-m", "pip", "install", "--quiet", "-r", requirements]);
    },
  );
  return python;
}

/** The same Python with the parts of clip-retrieval that read and write; what its models need is left out. Rejects where it cannot be had. */
export async function retrievalPython() {
  const python = await peersPython();
  const folder = join(root, ".fovea", "bench-retrieval");
  const install = (...args) => capture(python, ["-m", "pip", "install", "--quiet", ...args]);
  await once(folder, [...RETRIEVAL, ...RETRIEVAL_NEEDS].join(" "), "clip-retrieval for the benchmark", async () => {
    await install(...RETRIEVAL_NEEDS);
    await install("--no-deps", ...RETRIEVAL);
  });
  return python;
}

/** Deno's program out of its npm package, which is 90 MB. */
export async function denoProgram() {
  const folder = join(root, ".fovea", "bench-node");
  await once(folder, DENO, "Deno for the benchmark", () => {
    const options = [
      "--ignore-scripts",
      "--no-save",
      "--no-package-lock",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
    ];
    return capture(windows ? "npm.cmd" : "npm", ["install", "--prefix", folder, ...options, DENO], { shell: windows });
  });
  const platforms = join(folder, "node_modules", "@deno");
  return join(platforms, readdirSync(platforms)[0], windows ? "deno.exe" : "deno");
}

/** Runs `install` unless the folder was made from the same `content` before. */
async function once(folder, content, what, install) {
  const key = createHash("sha256").update(content).digest("hex");
  const stamp = join(folder, "fovea-stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  process.stderr.write(`fovea: ${what} ...\n`);
  mkdirSync(folder, { recursive: true });
  await install();
  writeFileSync(stamp, key);
}

/** A script of this folder that makes a step for each line that it is sent, and answers in JSON. */
export class LinePeer {
  constructor(program, script, args, env = {}) {
    this.script = script;
    // Isolated: a neighbour of the script, click.py, has the name of a package that PEFT needs.
    const options = script.endsWith(".py") ? ["-I"] : [];
    const line = [...options, join(root, "test", "bench", script), ...args];
    this.child = spawn(program, line, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    this.lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  async step() {
    this.child.stdin.write("step\n");
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`bench: ${this.script} ended early`);
    return JSON.parse(value);
  }

  end() {
    this.child.stdin.end();
  }
}
