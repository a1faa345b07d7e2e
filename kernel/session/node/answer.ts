import { readSync } from "node:fs";
import { isWhole } from "../../rules/rule-error";

/**
 * Opens the pipe by which the kernel process answers prompts.
 *
 * @returns reads the answer to a prompt, or null for an interrupt: blocks until the kernel process writes a line of JSON
 * @throws Error in a process that no kernel started
 */
export function openAnswers(): () => string | null {
  const fd = Number(process.env["FOVEA_ANSWER_FD"]);
  delete process.env["FOVEA_ANSWER_FD"];
  if (!isWhole(fd, 3)) throw new Error(`session: FOVEA_ANSWER_FD must be an open pipe, received ${fd}`);
  return () => readLine(fd);
}

function readLine(fd: number): string | null {
  const bytes: Buffer[] = [];
  const chunk = Buffer.alloc(4096);
  for (;;) {
    let length: number;
    try {
      length = readSync(fd, chunk, 0, chunk.length, null);
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
