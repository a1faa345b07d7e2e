import { readSync } from "node:fs";

/** Returns the answer to a prompt, or null for an interrupt: reads from fd 0, blocking until the kernel process writes a line of JSON. */
export function readAnswer(): string | null {
  const bytes: Buffer[] = [];
  const chunk = Buffer.alloc(4096);
  for (;;) {
    let length: number;
    try {
      length = readSync(0, chunk, 0, chunk.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN" && code !== "EINTR") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      continue;
    }
    bytes.push(Buffer.from(chunk.subarray(0, length)));
    if (length === 0 || chunk[length - 1] === 10) break;
  }
  const line = Buffer.concat(bytes).toString("utf8");
  return line === "" ? null : (JSON.parse(line) as string | null);
}
