/**
 * A worker thread on the lifeline pipe does what a blocked event loop cannot.
 *
 * - The pipe ends: the kernel process is gone, and so must we be.
 * - A line arrives: an interrupt, which the worker hands on as SIGINT. `vm` stops a synchronous cell at once and an idle
 *   loop runs our handler, but a loop in the part of a cell after its first `await` (or in a timer) answers neither. When no
 *   answer has come after a while, the worker raises a flag that the loops of cells look at. The line says when the kernel
 *   process was asked, by the clock that both share: what answered an earlier interrupt, or ended before, is no answer. It
 *   also says whether the kernel process knows of work under way, which may not have reached us: then a handler that found
 *   nothing is no answer either.
 *   While `vm` changes the handlers of the signal there is a moment without any, in which it would end the process: the gate
 *   is shut then, and the worker waits.
 *   (Ending JavaScript from outside, by the inspector, would leave Node's async stack corrupt and abort the process.)
 */
import { Worker } from "node:worker_threads";

const WATCHER = `
const { Socket } = require("node:net");
const { createInterface } = require("node:readline");
const { workerData: { fd, flags, answers } } = require("node:worker_threads");
const end = () => process.kill(process.pid, "SIGKILL");
const check = (asked, answer) => {
  if (Atomics.load(answers, answer) < asked) Atomics.store(flags, 0, 1);
};
const deliver = () => {
  if (Atomics.compareExchange(flags, 1, 0, 2) !== 0) return void setTimeout(deliver, 1);
  process.kill(process.pid, "SIGINT");
  // The signal reaches another thread, which may be about to shut the gate.
  Atomics.wait(flags, 1, 2, 2);
  Atomics.store(flags, 1, 0);
  Atomics.notify(flags, 1);
};
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on("end", end).on("error", end).on("close", end);
createInterface({ input: pipe }).on("line", (line) => {
  const [state, asked] = line.split(" ");
  setTimeout(check, 200, BigInt(asked), state === "busy" ? 0 : 1);
  deliver();
});
`;

/** Shared with the worker: [0] an interrupt waits for the next turn of a cell's loop; [1] the gate: 0 open, 1 shut by us, 2 a signal is on its way. */
export const interruptFlags = new Int32Array(new SharedArrayBuffer(8));

/** Shared with the worker, by `process.hrtime`: when [0] work last ended or was interrupted, [1] the signal's handler last ran. */
const answers = new BigInt64Array(new SharedArrayBuffer(16));

/** Keeps signals back until {@link openGate}. */
export function shutGate(): void {
  while (Atomics.compareExchange(interruptFlags, 1, 0, 1) === 2) Atomics.wait(interruptFlags, 1, 2, 5);
}

export function openGate(): void {
  Atomics.store(interruptFlags, 1, 0);
}

const stamp = (answer: 0 | 1): void => void Atomics.store(answers, answer, process.hrtime.bigint());

/** The running code was interrupted or has ended, so no loop needs to stop for it. */
export function interruptAnswered(): void {
  stamp(0);
  interruptHandled();
}

/** The signal's handler has run: no loop holds the thread. */
export function interruptHandled(): void {
  stamp(1);
  Atomics.store(interruptFlags, 0, 0);
}

export function holdLifeline(): void {
  const fd = Number(process.env["FOVEA_LIFELINE_FD"]);
  delete process.env["FOVEA_LIFELINE_FD"];
  if (!Number.isInteger(fd) || fd < 3) return;
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, codeRangeSizeMb: 4 };
  new Worker(WATCHER, { eval: true, workerData: { fd, flags: interruptFlags, answers }, resourceLimits }).unref();
}
