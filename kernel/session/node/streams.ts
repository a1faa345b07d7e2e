import { promises as timersPromises } from "node:timers";

/** Receives a session's own writes to a standard stream. */
type Write = (name: "stdout" | "stderr", text: string) => void;
type Callback = (error?: Error | null) => void;

/**
 * Replaces the `write` of both standard streams. Native code writes below them; its text is read from the pipes.
 *
 * @param atEnd called when the process ends
 */
export function captureStreams(write: Write, atEnd: () => void): void {
  for (const name of ["stdout", "stderr"] as const) replaceWrite(name, write);
  process.on("exit", atEnd);
}

function replaceWrite(name: "stdout" | "stderr", write: Write): void {
  const replaced = (chunk: string | Uint8Array, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
    write(name, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    const done = typeof encoding === "function" ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  };
  process[name].write = replaced as typeof process.stdout.write;
}

/** Objects whose `setTimeout` and `setImmediate` stop an interrupted cell, beside the global ones. */
export const timerModules: readonly object[] = [timersPromises];
