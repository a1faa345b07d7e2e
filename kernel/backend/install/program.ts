import { spawn } from "node:child_process";
import { DeviceError } from "../types";

const TAIL = 4000;

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Called every half second while the program runs. */
  onTick?: () => void;
}

export interface ProgramResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end and keeps the end of its output. Rejects where it cannot be started. */
export function runProgram(command: string, args: string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const result: ProgramResult = { code: null, stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => (result[name] = (result[name] + text).slice(-TAIL)));
    const timer = options.onTick && setInterval(options.onTick, 500);
    child.on("error", (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on("close", (code) => {
      clearInterval(timer);
      resolve({ ...result, code });
    });
  });
}

/** Runs a program that must succeed; the error contains the relevant lines of its output. */
export async function mustRun(
  rule: string,
  command: string,
  args: string[],
  options?: ProgramOptions,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, args, options);
  if (code === 0) return stdout;
  const said = `${stderr}\n${stdout}`;
  if (/No space left on device|ENOSPC/.test(said))
    throw new DeviceError("backend install", `${rule}: the disk is full`, options?.cwd ?? process.cwd());
  throw new DeviceError("backend install", rule, tellingLines(said) || `exit code ${code}`);
}

/** Returns the relevant lines: those marked as errors, or else the last ones. */
function tellingLines(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !/^warning\b/i.test(line));
  const marked = said.filter((line) => /\berror\b|^(Expected|Got) /i.test(line) && !/complete log/.test(line));
  return (marked.length ? marked.slice(0, 6) : said.slice(-3)).join("; ");
}
