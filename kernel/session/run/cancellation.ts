/**
 * Stop points of an interrupted cell that still runs in the background: its next timer, console call, display or comm
 * message throws. A loop that awaits none of these continues; JavaScript cannot stop it from outside.
 */
import { promises as timersPromises } from "node:timers";
import { checkInterrupted } from "./scope";

const CONSOLE = [
  "log",
  "info",
  "debug",
  "warn",
  "error",
  "dir",
  "table",
  "trace",
  "group",
  "timeEnd",
  "timeLog",
] as const;

type AnyFunction = (...args: unknown[]) => unknown;

/** Installs the stop points of interrupted cells. */
export function installCancellationPoints(): void {
  // console swallows errors of a stream's `write`, so the check must come first.
  for (const name of CONSOLE) guard(console as unknown as Record<string, AnyFunction>, name);
  for (const name of ["setTimeout", "setImmediate", "setInterval", "fetch"]) {
    guard(globalThis as unknown as Record<string, AnyFunction>, name);
  }
  for (const name of ["setTimeout", "setImmediate"]) {
    guard(timersPromises as unknown as Record<string, AnyFunction>, name);
  }
}

function guard(owner: Record<string, AnyFunction>, name: string): void {
  const original = owner[name];
  if (typeof original !== "function") return;
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    checkInterrupted();
    return original.apply(this, args);
  };
  // This keeps `util.promisify(setTimeout)` and the visible name.
  Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(original));
  try {
    owner[name] = guarded;
  } catch {
    // A read-only namespace stays unguarded.
  }
}
