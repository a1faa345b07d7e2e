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
