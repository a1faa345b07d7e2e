/**
 * A worker thread on the lifeline pipe does what a blocked event loop cannot.
 *
 * - The pipe ends: the kernel process is gone, and so must we be.
 * - A line arrives: an interrupt. The line says whether the kernel process knows of work under way, which may not have
 *   reached us, and when it was asked, by the clock that both share: what answered an earlier interrupt is no answer.
 *   While work is under way the worker hands the interrupt on as SIGINT, unless it was answered meanwhile: `vm` stops a
 *   synchronous cell at once. A session without work is told by a message alone, which comes before the next cell: a signal
 *   could come too late and stop that one. A loop in the part of a cell after its first `await`, or in a timer, answers
 *   neither: when no answer has come after a while, the worker raises a flag that the loops of cells look at.
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
const isAnswered = (asked, answer) => Atomics.load(answers, answer) >= asked;
const check = (asked, answer) => {
  if (isAnswered(asked, answer)) return;
  Atomics.store(flags, 0, 1);
  // The answer lowers the flag, and may have done so before we raised it.
  if (isAnswered(asked, answer)) Atomics.store(flags, 0, 0);
};
const deliver = (asked) => {
  if (isAnswered(asked, 0)) return;
  if (Atomics.compareExchange(flags, 1, 0, 2) !== 0) return void setTimeout(deliver, 1, asked);
  process.kill(process.pid, "SIGINT");
  // The signal reaches another thread, which may be about to shut the gate.
  Atomics.wait(flags, 1, 2, 2);
  Atomics.store(flags, 1, 0);
  Atomics.notify(flags, 1);
};
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on("end", end).on("error", end).on("close", end);
createInterface({ input: pipe }).on("line", (line) => {
  const [state, time] = line.split(" ");
  const asked = BigInt(time);
  setTimeout(check, 200, asked, state === "busy" ? 0 : 1);
  if (state === "busy") deliver(asked);
});
`;

/**
 * Shared with the worker: [0] an interrupt waits for the next turn of a cell's loop; [1] the gate: 0 open, 1 shut by us, 2 a
 * signal is on its way.
 */
export const interruptFlags = new Int32Array(new SharedArrayBuffer(8));

/**
 * Shared with the worker, by `process.hrtime`: when [0] work last ended or was interrupted, [1] an interrupt last reached
 * the event loop.
 */
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

/** An interrupt has reached the event loop: no loop holds the thread. */
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
