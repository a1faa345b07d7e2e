import { execFile } from "node:child_process";

const TIMEOUT_MS = 30_000;

/**
 * Runs a script in a separate Node process, because a driver may abort (or, as WebGPU without an adapter does, crash at
 * the end of the process). The script writes one line of JSON to fd 1 before anything can fail at exit.
 *
 * @returns the JSON, or the reason why there is none
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

/** Returns the last line of an error, which is its message; the last line of a crash alone is meaningless. */
function lastText(stderr: string): string {
  return stderr.trim().split("\n").pop() ?? "";
}
