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

/** Tells of a call of `forward`. */
export function told(module: object, inputs: readonly unknown[], output: unknown): void {
  watch?.(module, inputs, output);
}
