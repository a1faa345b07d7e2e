import { spawn } from "node:child_process";
import { loaderEnvironment } from "../backend/install/places";

/**
 * Restarts the command where installed libraries are in folders unknown to this process's loader, which reads its path
 * once at the start. This process then only waits and ends with the other.
 */
export function startedAnew(): boolean {
  const missing = loaderEnvironment();
  if (!Object.keys(missing).length) return false;
  const args = [...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, ...missing } });
  // A terminal sends ^C to both.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
  return true;
}
