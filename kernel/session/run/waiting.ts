/** Waiting that can be ended, without what user code may replace: `Promise`, its `race` and its `then`. */
const { Promise } = globalThis;

export interface Ends<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** Settles as `work` does, or earlier by the ends that `hand` is given. A later result or error of `work` is ignored. */
export function endable<T>(work: Promise<T>, hand: (ends: Ends<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const ends = { resolve, reject };
    void pass(work, ends);
    hand(ends);
  });
}

async function pass<T>(work: Promise<T>, { resolve, reject }: Ends<T>): Promise<void> {
  try {
    resolve(await work);
  } catch (error) {
    reject(error);
  }
}
