/**
 * Where an interrupted cell that still runs in the background stops: at its next timer, console call, display or comm
 * message, which throw in it. A loop that awaits none of these goes on; nothing in JavaScript can stop it from outside.
 */
import { timerModules } from "../node";
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

export function installCancellationPoints(): void {
  // console swallows what a stream's `write` throws, so the check must come before it.
  for (const name of CONSOLE) guard(console as unknown as Record<string, AnyFunction>, name);
  for (const name of ["setTimeout", "setImmediate", "setInterval", "fetch"]) {
    guard(globalThis as unknown as Record<string, AnyFunction>, name);
  }
  for (const owner of timerModules)
    for (const name of ["setTimeout", "setImmediate"]) guard(owner as Record<string, AnyFunction>, name);
}

function guard(owner: Record<string, AnyFunction>, name: string): void {
  const original = owner[name];
  if (typeof original !== "function") return;
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    checkInterrupted();
    return original.apply(this, args);
  };
  // Keeps `util.promisify(setTimeout)` and the name that users see.
  Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(original));
  try {
    owner[name] = guarded;
  } catch {
    // A read-only namespace keeps its own.
  }
}
