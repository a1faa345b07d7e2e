import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DeviceError } from "../types";
import { runProgram } from "./program";

const FN = "backend install";
const MIN_PIP = 21;

/** Finds a Python whose pip can fetch files for another Python. */
export async function findPython(): Promise<string> {
  const seen: string[] = [];
  for (const command of [process.env.FOVEA_PYTHON, "python3", "python"]) {
    if (!command) continue;
    const fault = await pipFault(command);
    if (fault === null) return command;
    seen.push(`${command}: ${fault}`);
  }
  const rule = `a Python 3 with pip ${MIN_PIP} or newer is needed (name one with FOVEA_PYTHON=/path/to/python3)`;
  throw new DeviceError(FN, rule, seen.join("; "));
}

async function pipFault(python: string): Promise<string | null> {
  const pip = await tryRun(python, ["-m", "pip", "--version"]);
  if (pip === null) return "is not there";
  const [, version] = /^pip (\d+)/.exec(pip.stdout) ?? [];
  if (version === undefined) return "has no pip";
  return Number(version) >= MIN_PIP ? null : `has pip ${version}`;
}

/** Finds the npm of this Node, or the one on PATH. */
export async function findNpm(): Promise<string> {
  const beside = join(dirname(process.execPath), "npm");
  const command = existsSync(beside) ? beside : "npm";
  if ((await tryRun(command, ["--version"]))?.code === 0) return command;
  throw new DeviceError(FN, "npm is needed to fetch packages", `no npm beside ${process.execPath} or on PATH`);
}

export async function findCompiler(): Promise<string> {
  const candidates = process.env.CXX ? [process.env.CXX] : ["g++", "c++", "clang++"];
  for (const command of candidates) if ((await tryRun(command, ["--version"]))?.code === 0) return command;
  const remedy = "a C++17 compiler is needed (Debian and Ubuntu: apt-get install g++; or name one with CXX)";
  throw new DeviceError(FN, remedy, `none of ${candidates.join(", ")}`);
}

const tryRun = (command: string, args: string[]) => runProgram(command, args).catch(() => null);
