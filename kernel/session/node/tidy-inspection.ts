/**
 * Hides Node's scope in enumerable symbol properties of promises and timers. Without this, printing one would show
 * message headers.
 */
import { inspect, type InspectOptions } from "node:util";

const INTERNAL = /^(?:async_id_symbol|trigger_async_id_symbol|kResourceStore)$/;

/** Makes `inspect` hide Node's scope on promises and timers. */
export function tidyInspection(): void {
  for (const prototype of [Promise.prototype, timeoutPrototype()]) {
    const value = function (this: object, _depth: number, options: InspectOptions): string {
      return withoutInternals(this, () => inspect(this, { ...options, customInspect: false }));
    };
    Object.defineProperty(prototype, inspect.custom, { value, configurable: true, writable: true, enumerable: false });
  }
}

function withoutInternals<T>(target: object, body: () => T): T {
  const record = target as Record<symbol, unknown>;
  const hidden = Object.getOwnPropertySymbols(target).filter((symbol) => INTERNAL.test(symbol.description ?? ""));
  const kept = hidden.map((symbol) => [symbol, record[symbol]] as const);
  for (const symbol of hidden) delete record[symbol];
  try {
    return body();
  } finally {
    for (const [symbol, value] of kept) record[symbol] = value;
  }
}

function timeoutPrototype(): object {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return Object.getPrototypeOf(timer) as object;
}
