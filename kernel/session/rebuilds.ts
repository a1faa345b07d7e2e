/**
 * tslab drives TypeScript's watch mode by hand and allows for exactly one pending timer, that of the next rebuild. With
 * real files about, TypeScript sets others (a package that appears, a change noticed during a rebuild), at which tslab
 * throws and stays broken. Those need not run: every cell rebuilds, and a rebuild looks at all that was noticed.
 */
type Callback = (...args: unknown[]) => void;

export interface TimerHost {
  setTimeout?(callback: Callback, ms: number, ...args: unknown[]): unknown;
  clearTimeout?(timer: unknown): void;
}

export function allowOneRebuild(host: TimerHost): void {
  const set = host.setTimeout?.bind(host);
  const clear = host.clearTimeout?.bind(host);
  if (!set || !clear) throw new TypeError("session: tslab's compiler host has no timers");
  const ignored = new WeakSet<object>();
  let isRebuilding = false;

  const rebuild = (callback: Callback, timer: () => unknown): void => {
    isRebuilding = true;
    try {
      callback();
    } catch (error) {
      // Or tslab would take this rebuild for pending for ever.
      clear(timer());
      throw error;
    } finally {
      isRebuilding = false;
    }
  };
  host.setTimeout = (callback, ms) => {
    if (isRebuilding || !/^updateProgram/.test(callback.name)) {
      const token = {};
      ignored.add(token);
      return token;
    }
    const timer = set(() => rebuild(callback, () => timer), ms);
    return timer;
  };
  host.clearTimeout = (timer) => {
    if (!ignored.has(timer as object)) clear(timer);
  };
}
