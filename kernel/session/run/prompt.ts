/** Synchronous input of a line: `prompt` and `promptPassword`, as in a browser. */
import type { FromSession } from "../../jupyter/ipc";
import { installStdin, openAnswers } from "../node";
import { withOwnIntrinsics } from "./intrinsics";
import { checkInterrupted, currentScope, KeyboardInterrupt, type CellState } from "./scope";

/** Error of a prompt under a front end without input. */
export class StdinNotAllowed extends Error {
  override name = "StdinNotAllowed";
}

/**
 * Installs `prompt`, `promptPassword` and a standard input.
 *
 * @param fail ends the cell that waits; false without one
 * @param interrupt stops a cell whose prompt was interrupted, so that a loop that catches this does not ask again
 */
export function installPrompt(
  post: (message: FromSession) => void,
  fail: (error: Error) => boolean,
  interrupt: (cell: CellState) => void,
): void {
  const readAnswer = openAnswers();
  const ask = (name: string, message: unknown, password: boolean): string => {
    checkInterrupted();
    const scope = currentScope();
    if (!scope?.cell.allowStdin) {
      throw new StdinNotAllowed(`${name}: the front end of this cell takes no input (allow_stdin is false)`);
    }
    post({ type: "input", parent: scope.output, prompt: message === undefined ? "" : String(message), password });
    const answer = readAnswer();
    if (answer !== null) return answer;
    interrupt(scope.cell);
    throw new KeyboardInterrupt();
  };
  const define = (name: string, password: boolean): void => {
    const value = (message?: unknown): string => withOwnIntrinsics(() => ask(name, message, password));
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  };
  define("prompt", false);
  define("promptPassword", true);
  installStdin((message) => ask("readline", message, false), fail);
}
