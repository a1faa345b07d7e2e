/** Watches for the death of the Jupyter server that started the kernel, so that no kernel outlives it. */

const INTERVAL_MS = 1000;

/**
 * Calls `gone` once when the parent process is replaced (an orphan gets a new one) or the server named by Jupyter ends.
 */
export function watchParent(gone: () => void): void {
  const parent = process.ppid;
  const named = Number(process.env["JPY_PARENT_PID"]);
  // With a launcher in between, the server is an ancestor; in another pid namespace it is unknown and not watched.
  const server = Number.isInteger(named) && named > 1 && alive(named) ? named : undefined;
  const timer = setInterval(() => {
    if (process.ppid === parent && (server === undefined || alive(server))) return;
    clearInterval(timer);
    gone();
  }, INTERVAL_MS);
  timer.unref();
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
