/**
 * Stops an interrupted cell that still runs in the background at its next timer, console call, display or comm message,
 * which throw in it. One that catches this and goes on is given timers that never fire: a loop that waits for them
 * waits for good, and holds no thread. A loop that awaits none of these goes on; nothing in JavaScript can stop it from
 * outside.
 */
import { timerModules, unbroken } from "../node";
import { checkInterrupted, isDefiant } from "./scope";

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

// User code may replace the globals.
const { Promise, clearTimeout, setTimeout } = globalThis;
const { apply } = Reflect;

/** Installs the stop points of interrupted cells. */
export function installCancellationPoints(): void {
  // console swallows errors of a stream's `write`, so the check must come first.
  for (const name of CONSOLE) guard(console as unknown as Record<string, AnyFunction>, name);
  for (const name of ["setTimeout", "setImmediate", "setInterval"]) {
    guard(globalThis as unknown as Record<string, AnyFunction>, name, silentTimer, unbroken);
  }
  guard(globalThis as unknown as Record<string, AnyFunction>, "fetch", never);
  for (const owner of timerModules)
    for (const name of ["setTimeout", "setImmediate"]) guard(owner as Record<string, AnyFunction>, name, never);
}

/**
 * Makes a function a stop point.
 *
 * @param inDefiance gives the result for code that catches every interruption
 * @param call runs the original
 */
function guard(
  owner: Record<string, AnyFunction>,
  name: string,
  inDefiance?: () => unknown,
  call = (body: () => unknown): unknown => body(),
): void {
  const original = owner[name];
  if (typeof original !== "function") return;
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    if (inDefiance && isDefiant()) return inDefiance();
    checkInterrupted();
    return call(() => apply(original, this, args));
  };
  // This keeps `util.promisify(setTimeout)` and the visible name.
  Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(original));
  try {
    owner[name] = guarded;
  } catch {
    // A read-only namespace stays unguarded.
  }
}

function silentTimer(): ReturnType<typeof setTimeout> {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return timer;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
