/** Cuts items into batches of `size`; one also ends with every `perFile` items, so that no batch lies in two files. */
export async function* inFiles<T>(
  items: Iterable<T> | AsyncIterable<T>,
  perFile: number,
  size: number,
): AsyncGenerator<T[]> {
  let batch: T[] = [];
  let inFile = 0;
  for await (const item of items) {
    batch.push(item);
    inFile++;
    if (batch.length < size && inFile < perFile) continue;
    yield batch;
    batch = [];
    if (inFile === perFile) inFile = 0;
  }
  if (batch.length) yield batch;
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
