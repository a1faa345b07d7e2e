/**
 * A stopped session (SIGSTOP, a debugger) cannot notice that the kernel process is gone, and its group is another, so that a
 * killed kernel would leave it behind. A shell waits for the end of a pipe that only the kernel process holds, and kills it.
 */
import { spawn } from "node:child_process";

const SCRIPT = 'read -r _; kill -9 "$0"';

/** Starts the guard. Call the returned function once the session has ended by itself: its process id may be reused then. */
export function guard(pid: number): () => void {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, String(pid)], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  // Without a shell, only a session that runs follows the kernel process.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return () => void shell.kill("SIGKILL");
}
