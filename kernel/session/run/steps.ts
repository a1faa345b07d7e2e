/**
 * Work of the session in steps: between two of them it waits for a promise, and user code runs meanwhile. Each step finds the
 * language as it was; an `await` would go on with what user code made of it, and would look for a `then` on every object.
 */
import { withOwnIntrinsics } from "./intrinsics";

export type Steps<T> = Generator<Promise<unknown>, T, unknown>;

const { Promise } = globalThis;
const { apply } = Reflect;
const { then } = Promise.prototype;

/** Waits for a promise. */
export function* until<T>(promise: Promise<T>): Steps<T> {
  return (yield promise) as T;
}

/** Runs steps and hands over their results or errors. */
export function runSteps<T>(steps: Steps<T>, done: (value: T) => void, failed: (error: unknown) => void): void {
  const advance = (move: () => IteratorResult<Promise<unknown>, T>): void =>
    withOwnIntrinsics(() => {
      let step: IteratorResult<Promise<unknown>, T>;
      try {
        step = move();
      } catch (error) {
        return failed(error);
      }
      if (step.done) return done(step.value);
      settle(
        step.value,
        (value) => advance(() => steps.next(value)),
        (error) => advance(() => steps.throw(error)),
      );
    });
  advance(() => steps.next());
}

/** Returns the outcome of steps as a promise. */
export function promised<T>(steps: Steps<T>): Promise<T> {
  return new Promise((resolve, reject) => runSteps(steps, resolve, reject));
}

/** Returns a promise that settles as `work` does, or earlier by the ends that `hand` is given. A later end is ignored. */
export function endable<T>(
  work: Promise<T>,
  hand: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    settle(work, resolve, reject);
    hand(resolve, reject);
  });
}

function settle<T>(promise: Promise<T>, done: (value: T) => void, failed: (error: unknown) => void): void {
  apply(then, promise, [done, failed]);
}
