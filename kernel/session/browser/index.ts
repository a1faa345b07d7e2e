/** Parts of a session in a page's worker. In a bundle for a browser it stands for `session/node`. */
import { BASE } from "../../platform/browser/remote";

export { captureStreams } from "./console";
export { CellModules } from "./modules";
export { hostTypes, lateTypes, loadTypeScript } from "./typescript";

/** Browsers count columns from the start of what is evaluated. */
export const hidesHead = false;

/** Tests for a frame of the bundle, whose names say nothing, or of the call that evaluates a cell. */
export const isHostFrame = (line: string): boolean => line.includes(BASE) || line.trim() === "at eval (<anonymous>)";

// User code may replace the globals.
const { compareExchange, exchange, store } = Atomics;

/**
 * Flags as in Node's session: [0] the interrupt that waits for the next turn of a cell's loop, -1 while an interrupted cell goes on, or 0;
 * [2] the last interrupt that was answered. A message reaches a worker only between two turns. A page that is isolated from other origins
 * shares this memory and raises the flag itself; another one ends the worker of a loop.
 */
export const interruptFlags = new Int32Array(
  globalThis.crossOriginIsolated ? new SharedArrayBuffer(16) : new ArrayBuffer(16),
);

/** The flags, where the page can raise them. */
export const sharedFlags = globalThis.crossOriginIsolated ? interruptFlags : undefined;

/** Value of the flag for an interrupted cell that goes on. */
const GOES_ON = -1;

/** Loops of an interrupted cell stop at their next turn. */
export function raiseFlag(): void {
  compareExchange(interruptFlags, 0, 0, GOES_ON);
}

/** A loop has seen the flag. True if it stands for an interrupt that nothing has answered yet. */
export function lowerFlag(): boolean {
  return exchange(interruptFlags, 0, 0) > 0;
}

/** Records that an interrupted computation no longer holds the worker. */
export function interruptAnswered(number: number): void {
  store(interruptFlags, 2, number);
  compareExchange(interruptFlags, 0, number, 0);
}

const { setTimeout } = globalThis;
export const onTurn = (body: () => void): void => void setTimeout(body);

/** Does nothing: no signals come, so there is no gate to hold them back. */
export function shutGate(): void {}
/** Does nothing, see {@link shutGate}. */
export function openGate(): void {}
/** Does nothing, see {@link shutGate}. */
export function openGateOfScript(): void {}
export const unbroken = <T>(body: () => T): T => body();
export const asyncDepth = (): number => 0;
/** Does nothing: a browser has no stack of asynchronous work to repair. */
export function unwindAsync(): void {}

export const timerModules: readonly object[] = [];
export const platformObjects = (): object[] => [];
/** Does nothing: no library of a page looks for a terminal. */
export function installColors(): void {}
/** Does nothing: a page has no standard input. */
export function installStdin(): void {}
/** Does nothing: promises of a browser show nothing of their scope. */
export function tidyInspection(): void {}

/** Never read: cells of a page take no input. */
export const openAnswers = (): (() => string | null) => () => null;

/**
 * Refuses a command.
 *
 * @throws Error that names the command
 */
export async function runShell(command: string): Promise<never> {
  throw new Error(`!: a browser has no shell to run "${command}"`);
}
