/** Synchronous input of a line: `prompt` and `promptPassword`, as in a browser. */
import { readSync } from "node:fs";
import type { FromSession } from "../../jupyter/ipc";
import { installStdin } from "./stdin";
import { withOwnIntrinsics } from "../run/intrinsics";
import { checkInterrupted, currentScope, KeyboardInterrupt } from "../run/scope";

/** Error of a prompt under a front end without input. */
export class StdinNotAllowed extends Error {
  override name = "StdinNotAllowed";
}

/**
 * Installs `prompt`, `promptPassword` and a standard input.
 *
 * @param fail ends the cell that waits; false without one
 */
export function installPrompt(post: (message: FromSession) => void, fail: (error: Error) => boolean): void {
  const ask = (name: string, message: unknown, password: boolean): string => {
    checkInterrupted();
    const scope = currentScope();
    if (!scope?.cell.allowStdin) {
      throw new StdinNotAllowed(`${name}: the front end of this cell takes no input (allow_stdin is false)`);
    }
    post({ type: "input", parent: scope.output, prompt: message === undefined ? "" : String(message), password });
    return readAnswer();
  };
  const define = (name: string, password: boolean): void => {
    const value = (message?: unknown): string => withOwnIntrinsics(() => ask(name, message, password));
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  };
  define("prompt", false);
  define("promptPassword", true);
  installStdin((message) => ask("readline", message, false), fail);
}

/** Reads from fd 0, blocking until the kernel process writes the answer as a line of JSON. */
function readAnswer(): string {
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
  const answer = line === "" ? null : (JSON.parse(line) as string | null);
  if (answer === null) throw new KeyboardInterrupt();
  return answer;
}
