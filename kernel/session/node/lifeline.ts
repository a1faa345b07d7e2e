/**
 * Worker thread on the lifeline pipe that acts while the event loop is blocked.
 *
 * - The pipe ends: the kernel process has ended, so the session ends.
 * - A line arrives: an interrupt with its number and whether the kernel process knows of work under way, which may not
 *   have reached the session. A message of the same number comes over the link behind that work. Once the event loop
 *   has turned after the message, the interrupted work no longer holds the thread. Until then the worker sends SIGINT
 *   while work is under way, with which `vm` stops a synchronous cell at once. Without work a signal could only come
 *   too late and stop the next cell. A loop after a cell's first `await`, or in a timer, reacts to neither: when the
 *   thread stays held, the worker raises a flag that the loops of cells read. (Ending JavaScript through the inspector
 *   would corrupt Node's async stack and abort the process.)
 *
 * The gate holds signals back where one would do harm. While `vm` changes the signal's handlers there is a moment without
 * any, in which a signal would end the process. And a cell stopped within Node's own code leaves that code half done: a
 * stream stopped between its system call and its bookkeeping writes nothing any more, the cell's reply included.
 */
import { createRequire } from "node:module";
import { startupSnapshot } from "node:v8";

const loadModule = createRequire(__filename);

// User code may replace the globals.
let { compareExchange, exchange, load, notify, store, wait }: typeof Atomics = {} as typeof Atomics;

const WATCHER = `
const { Socket } = require("node:net");
const { createInterface } = require("node:readline");
const { workerData: { fd, flags, gate: { SHUT, RUNNING, SENT } } } = require("node:worker_threads");
const end = () => process.kill(process.pid, "SIGKILL");
const isAnswered = (number) => Atomics.load(flags, 2) >= number;
const check = (number) => {
  if (isAnswered(number)) return;
  Atomics.store(flags, 0, number);
  // The answer lowers the flag, and may have done so before we raised it.
  if (isAnswered(number)) return void Atomics.compareExchange(flags, 0, number, 0);
  // Another loop than the last one may have seen the flag.
  setTimeout(check, 1000, number);
};
const deliver = (number) => {
  if (isAnswered(number)) return;
  const before = Atomics.load(flags, 1);
  if (before === SHUT || Atomics.compareExchange(flags, 1, before, SENT) !== before) return void setTimeout(deliver, 1, number);
  Atomics.store(flags, 3, number);
  process.kill(process.pid, "SIGINT");
  // A running script stops when the signal's thread has had its turn, which takes long on a busy machine. Elsewhere the
  // signal reaches its handler at once.
  Atomics.wait(flags, 1, SENT, before === RUNNING ? 1000 : 2);
  if (Atomics.compareExchange(flags, 1, SENT, before) === SENT) Atomics.notify(flags, 1);
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
 * Shared with the worker: [0] the interrupt that waits for the next turn of a cell's loop, -1 while an interrupted cell
 * goes on, or 0; [1] the gate; [2] the last interrupt that was answered; [3] the last interrupt that was sent as a signal.
 */
export let interruptFlags = new Int32Array(4);
/** Nobody wakes who waits here. */
let silence = new Int32Array(1);

function share(): void {
  ({ compareExchange, exchange, load, notify, store, wait } = Atomics);
  interruptFlags = new Int32Array(new SharedArrayBuffer(16));
  silence = new Int32Array(new SharedArrayBuffer(4));
}

// A process that makes a snapshot has no shared memory; one that starts from it has.
if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.addDeserializeCallback(share);
else share();

/** States of the gate. A signal may be sent while it is open, or while a script runs that `vm` stops. */
const GATE = { OPEN: 0, SHUT: 1, SENT: 2, RUNNING: 3 };
const PLACE = 1;

/** Holds signals back until {@link openGate}. A signal on its way to a running script stops it here. */
export function shutGate(): number {
  for (;;) {
    const before = load(interruptFlags, PLACE);
    if (before === GATE.SENT) wait(interruptFlags, PLACE, GATE.SENT, 5);
    else if (compareExchange(interruptFlags, PLACE, before, GATE.SHUT) === before) return before;
  }
}

/** Lets signals pass again, outside of scripts. */
export function openGate(): void {
  setGate(GATE.OPEN);
}

/** Lets signals pass again that stop the script. */
export function openGateOfScript(): void {
  setGate(GATE.RUNNING);
}

/** Does work of the session or of Node that must not be stopped in the middle. Nothing of the user's may run in it. */
export function unbroken<T>(body: () => T): T {
  const before = shutGate();
  try {
    return body();
  } finally {
    if (before !== GATE.SHUT) setGate(before);
  }
}

function setGate(state: number): void {
  store(interruptFlags, PLACE, state);
  notify(interruptFlags, PLACE);
}

/** Tells whether a signal that has come stands for an interrupt that was answered meanwhile, so that it would hit later work. */
export function isLateSignal(): boolean {
  const number = exchange(interruptFlags, 3, 0);
  return number > 0 && load(interruptFlags, 2) >= number;
}

/** Records that an interrupted computation no longer holds the thread. */
export function interruptAnswered(number: number): void {
  store(interruptFlags, 2, number);
  compareExchange(interruptFlags, 0, number, 0);
}

/** Value of the flag for an interrupted cell that goes on, in place of an interrupt's number. */
const GOES_ON = -1;

/** Loops of interrupted cells stop at their next turn; loops of others find that it is not about them, and lower the flag. */
export function raiseFlag(): void {
  compareExchange(interruptFlags, 0, 0, GOES_ON);
}

/** A loop has seen the flag. True if it stands for an interrupt that nothing has answered yet. */
export function lowerFlag(): boolean {
  return exchange(interruptFlags, 0, 0) > 0;
}

/** Gives other processes a tenth of a millisecond. */
export function pause(): void {
  wait(silence, 0, 0, 0.1);
}

/** Ends a session that nobody could stop: its listeners for late errors would keep it alive. */
function endUnwatched(error: unknown): never {
  process.stderr.write(`The thread that watches the session must start: ${String(error)}\n`);
  process.exit(1);
}

/** Starts the worker that watches the lifeline pipe; the process ends where that fails. */
export function holdLifeline(): void {
  const fd = Number(process.env["FOVEA_LIFELINE_FD"]);
  delete process.env["FOVEA_LIFELINE_FD"];
  if (!Number.isInteger(fd) || fd < 3) return;
  // In a session from a snapshot, a thread begins with the compiler's code.
  const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 4 };
  // Loaded now: a process that makes a snapshot cannot bear this module.
  const { Worker } = loadModule("node:worker_threads") as typeof import("node:worker_threads");
  const workerData = { fd, flags: interruptFlags, gate: GATE };
  try {
    new Worker(WATCHER, { eval: true, workerData, resourceLimits }).on("error", endUnwatched).unref();
  } catch (error) {
    endUnwatched(error);
  }
}
