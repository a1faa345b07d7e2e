/**
 * Worker thread on the lifeline pipe that acts while the event loop is blocked.
 *
 * - The pipe ends: the kernel process has ended, so the session ends.
 * - A line arrives: an interrupt with its number and whether the kernel process knows of work under way, which may not
 *   have reached the session. A message of the same number comes over the link behind that work. Once the event loop
 *   has turned after the message, the interrupted work no longer holds the thread. Until then the worker sends SIGINT
 *   while work is under way, with which `vm` stops a synchronous cell at once. Without work a signal could only come
 *   too late and stop the next cell. A loop after a cell's first `await`, or in a timer, reacts to neither: when the
 *   thread stays held, the worker raises a flag that the loops of cells read. While `vm` changes the signal's handlers
 *   there is a moment without any, in which a signal would end the process; the gate is then shut and the worker waits.
 *   (Ending JavaScript through the inspector would corrupt Node's async stack and abort the process.)
 */
import { Worker } from "node:worker_threads";

const WATCHER = `
const { Socket } = require("node:net");
const { createInterface } = require("node:readline");
const { workerData: { fd, flags } } = require("node:worker_threads");
const end = () => process.kill(process.pid, "SIGKILL");
const isAnswered = (number) => Atomics.load(flags, 2) >= number;
const check = (number) => {
  if (isAnswered(number)) return;
  Atomics.store(flags, 0, number);
  // The answer lowers the flag, and may have done so before we raised it.
  if (isAnswered(number)) return void Atomics.compareExchange(flags, 0, number, 0);
  // What saw the flag may have been another loop than the last one.
  setTimeout(check, 1000, number);
};
const deliver = (number) => {
  if (isAnswered(number)) return;
  if (Atomics.compareExchange(flags, 1, 0, 2) !== 0) return void setTimeout(deliver, 1, number);
  process.kill(process.pid, "SIGINT");
  // The signal reaches another thread, which may be about to shut the gate.
  Atomics.wait(flags, 1, 2, 2);
  Atomics.store(flags, 1, 0);
  Atomics.notify(flags, 1);
};
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on("end", end).on("error", end).on("close", end);
createInterface({ input: pipe }).on("line", (line) => {
  const [state, number] = line.split(" ");
  setTimeout(check, 200, Number(number));
  if (state === "busy") deliver(Number(number));
});
`;

/**
 * Shared with the worker: [0] the interrupt that waits for the next turn of a cell's loop, -1 while an interrupted cell goes on, or 0; [1] the gate: 0 open, 1 shut
 * by us, 2 a signal is on its way; [2] the last interrupt that was answered.
 */
export const interruptFlags = new Int32Array(new SharedArrayBuffer(12));

/** Holds signals back until {@link openGate}. */
export function shutGate(): void {
  while (Atomics.compareExchange(interruptFlags, 1, 0, 1) === 2) Atomics.wait(interruptFlags, 1, 2, 5);
}

/** Lets signals pass again. */
export function openGate(): void {
  Atomics.store(interruptFlags, 1, 0);
}

/** Records that an interrupted computation no longer holds the thread. */
export function interruptAnswered(number: number): void {
  Atomics.store(interruptFlags, 2, number);
  Atomics.compareExchange(interruptFlags, 0, number, 0);
}

/** Value of the flag for an interrupted cell that goes on, in place of an interrupt's number. */
const GOES_ON = -1;

/** Loops of interrupted cells stop at their next turn; loops of others find that it is not about them, and lower the flag. */
export function raiseFlag(): void {
  Atomics.compareExchange(interruptFlags, 0, 0, GOES_ON);
}

/** A loop has seen the flag. True if it stands for an interrupt that nothing has answered yet. */
export function lowerFlag(): boolean {
  return Atomics.exchange(interruptFlags, 0, 0) > 0;
}

/** Starts the worker that watches the lifeline pipe. */
export function holdLifeline(): void {
  const fd = Number(process.env["FOVEA_LIFELINE_FD"]);
  delete process.env["FOVEA_LIFELINE_FD"];
  if (!Number.isInteger(fd) || fd < 3) return;
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, codeRangeSizeMb: 4 };
  new Worker(WATCHER, { eval: true, workerData: { fd, flags: interruptFlags }, resourceLimits }).unref();
}
