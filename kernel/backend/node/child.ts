import { execFile } from "node:child_process";

const TIMEOUT_MS = 30_000;

/**
 * Runs a script in a Node of its own, as a driver that aborts (or, as WebGPU without an adapter does, crashes when the process
 * ends) must not take the session with it. The script writes one line of JSON to fd 1 before anything can go wrong at exit.
 *
 * @returns what it wrote, or why it wrote nothing
 */
export function askChild<T extends object>(
  script: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<T | { error: string }> {
  const options = { timeout: TIMEOUT_MS, env: { ...process.env, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, ["-e", script, ...args], options, (error, stdout, stderr) =>
      resolve(lastLine<T>(stdout) ?? { error: lastText(stderr) || error?.message || "the probe said nothing" }),
    );
  });
}

function lastLine<T>(stdout: string): T | null {
  try {
    return JSON.parse(stdout.slice(stdout.lastIndexOf("\n{") + 1)) as T;
  } catch {
    return null;
  }
}

/** Of a crash the last line says nothing by itself, of an error it is its message. */
function lastText(stderr: string): string {
  return stderr.trim().split("\n").pop() ?? "";
}
