/**
 * A function as {@link latest} returns it, for each viewer alone: a question of one viewer does not displace that of another, which would
 * wait for its answer without end.
 */
export function latestOfEach<T extends { readonly channel: object }>(
  work: (value: T) => unknown,
): (value: T) => Promise<void> {
  const queues = new WeakMap<object, (value: T) => Promise<void>>();
  return (value) => {
    const own = queues.get(value.channel) ?? latest(work);
    queues.set(value.channel, own);
    return own(value);
  };
}

/**
 * A function that hands values to `work` one at a time; of those that come while it works, only the last is taken. Its promise settles
 * when nothing waits any more, and fails where the last value did.
 */
export function latest<T>(work: (value: T) => unknown): (value: T) => Promise<void> {
  let waiting: { value: T } | undefined;
  let running: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    while (waiting) {
      const { value } = waiting;
      waiting = undefined;
      try {
        await work(value);
      } catch (error) {
        if (!waiting) throw error;
      }
    }
  };
  return (value) => {
    waiting = { value };
    running ??= drain().finally(() => (running = undefined));
    return running;
  };
}
