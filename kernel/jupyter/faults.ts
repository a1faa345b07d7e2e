/** A fault of the kernel process itself is told on its standard error; the process lives on, and with it the session. */
export function reportFault(error: unknown): void {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`fovea kernel: ${told}\n`);
}
