export type Handler = (...values: never[]) => unknown;

/** Handlers by event name. */
export class Events {
  private readonly handlers = new Map<string, Set<Handler>>();

  on(event: string, handler: Handler): void {
    const set = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, set.add(handler));
  }

  /** Removes handlers. Without a handler: all of the event. Without an event: all. */
  off(event?: string | null, handler?: Handler | null): void {
    if (!event) this.handlers.clear();
    else if (handler) this.handlers.get(event)?.delete(handler);
    else this.handlers.delete(event);
  }

  /** Calls every handler even if some throw; settles when all have, and rejects with their errors. */
  async emit(event: string, ...values: unknown[]): Promise<void> {
    const handlers = [...(this.handlers.get(event) ?? [])] as ((...values: unknown[]) => unknown)[];
    raise(await Promise.allSettled(handlers.map(async (handler) => handler(...values))));
  }
}

/** Throws the one error, or all in one. */
export function raise(results: PromiseSettledResult<unknown>[]): void {
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join("; "));
}
