/** Cuts a list into parts of `size`; the last one may be shorter. */
export function split<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Yields results in order; while one is used, the next `depth` are computed. */
export async function* ahead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  depth: number,
  step: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R> {
  const results: Promise<R>[] = [];
  let index = 0;
  for await (const item of items) {
    const result = step(item, index++);
    // Reported on its turn instead of as an unhandled rejection now.
    result.catch(() => {});
    results.push(result);
    if (results.length > depth) yield results.shift() as Promise<R>;
  }
  yield* results;
}
