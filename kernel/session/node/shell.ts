/** Shell commands of a cell. */
import { spawn } from "node:child_process";

/** Error of a shell command that did not exit with 0. */
export class ShellError extends Error {
  override name = "ShellError";
}

/** Runs a command in `sh` and streams its output. Rejects with {@link ShellError} unless it exits with 0. */
export function runShell(command: string, interrupted: AbortSignal): Promise<void> {
  // A separate process group lets an interrupt reach the shell's children.
  const child = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  child.stdout.setEncoding("utf8").on("data", (text: string) => process.stdout.write(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => process.stderr.write(text));
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
  };
  interrupted.addEventListener("abort", end);
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new ShellError(`!: cannot start /bin/sh: ${error.message}`)));
    child.once("close", (code, signal) => {
      interrupted.removeEventListener("abort", end);
      if (code === 0) resolve();
      else reject(new ShellError(`!${command.split("\n", 1)[0]}: ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
