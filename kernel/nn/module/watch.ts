/** Receives each call of a module's `forward` after it. */
export type ForwardWatch = (module: object, inputs: readonly unknown[], output: unknown) => void;

let watch: ForwardWatch | null = null;

/** Runs something while every module's `forward` is watched; nothing is then computed as one graph with another module. */
export function watching<T>(next: ForwardWatch, body: () => T): T {
  const before = watch;
  watch = next;
  try {
    return body();
  } finally {
    watch = before;
  }
}

export const isWatched = (): boolean => watch !== null;

/** Receives a call of `forward`. */
export function told(module: object, inputs: readonly unknown[], output: unknown): void {
  watch?.(module, inputs, output);
}

/** A call of `forward` that threw. */
export interface FailedCall {
  readonly module: object;
  readonly inputs: readonly unknown[];
}

/** Innermost calls that threw, by what they threw. */
const failures = new WeakMap<object, FailedCall>();

/** Notes a call that threw; of modules within each other the first is kept. */
export function noteFailure(error: unknown, call: FailedCall): void {
  if (error instanceof Error && !failures.has(error)) failures.set(error, call);
}

/** Returns the call in which an error came up; undefined outside of modules. */
export const failedCall = (error: Error): FailedCall | undefined => failures.get(error);
