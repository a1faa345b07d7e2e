/**
 * Node's stack of asynchronous work. Code that `vm` stops within `AsyncResource.runInAsyncScope` leaves its entry there, and Node
 * ends a process whose stack does not add up. Only Node itself can remove an entry, by functions that are not documented: where
 * they are missing, such a cell ends the session.
 */
import { executionAsyncId } from "node:async_hooks";

interface Binding {
  popAsyncContext(id: number): boolean;
  async_hook_fields: Uint32Array;
  constants: { kStackLength: number };
}

let binding: Binding | undefined;

/** Returns the depth of the stack; 0 where it cannot be told. */
export function asyncDepth(): number {
  binding ??= loadBinding();
  return binding?.async_hook_fields[binding.constants.kStackLength] ?? 0;
}

/** Removes the entries above a depth. */
export function unwindAsync(depth: number): void {
  while (binding && asyncDepth() > depth && binding.popAsyncContext(executionAsyncId()));
}

function loadBinding(): Binding | undefined {
  const { noDeprecation } = process;
  // Node warns of what we know.
  process.noDeprecation = true;
  try {
    const { binding: load } = process as unknown as { binding: (name: string) => Binding };
    const loaded = load("async_wrap");
    const isKnown = typeof loaded.popAsyncContext === "function" && typeof loaded.constants.kStackLength === "number";
    return isKnown ? loaded : undefined;
  } catch {
    return undefined;
  } finally {
    process.noDeprecation = noDeprecation;
  }
}
