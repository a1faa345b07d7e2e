/** Numbers that costs and lengths of paths are kept in: whole ones, or double precision. */
export type Numbers = Int32Array | Float64Array;

/** Returns zeros of the kind of other numbers. */
export const zerosOf = (kind: Numbers, count: number): Numbers =>
  kind instanceof Int32Array ? new Int32Array(count) : new Float64Array(count);

/** Smallest-first queue of numbered entries; an entry may stand in it more than once. */
export class MinHeap {
  private keys: Numbers;
  private entries = new Int32Array(1024);
  private count = 0;

  /** @param kind numbers of the kind of the keys */
  constructor(kind: Numbers) {
    this.keys = zerosOf(kind, 1024);
  }

  clear(): void {
    this.count = 0;
  }

  get size(): number {
    return this.count;
  }

  /** Smallest key; undefined content where the queue is empty. */
  get least(): number {
    return this.keys[0];
  }

  push(key: number, entry: number): void {
    if (this.count === this.keys.length) this.grow();
    const { keys, entries } = this;
    let at = this.count++;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (keys[above] <= key) break;
      keys[at] = keys[above];
      entries[at] = entries[above];
      at = above;
    }
    keys[at] = key;
    entries[at] = entry;
  }

  /** Removes the entry of the smallest key and returns it. */
  pop(): number {
    const { keys, entries } = this;
    const first = entries[0];
    const last = --this.count;
    this.sink(keys[last], entries[last]);
    return first;
  }

  private sink(key: number, entry: number): void {
    const { keys, entries, count } = this;
    let at = 0;
    for (let below = 1; below < count; below = 2 * at + 1) {
      if (below + 1 < count && keys[below + 1] < keys[below]) below++;
      if (keys[below] >= key) break;
      keys[at] = keys[below];
      entries[at] = entries[below];
      at = below;
    }
    keys[at] = key;
    entries[at] = entry;
  }

  private grow(): void {
    const { keys, entries } = this;
    this.keys = zerosOf(keys, 2 * keys.length);
    this.entries = new Int32Array(2 * keys.length);
    this.keys.set(keys);
    this.entries.set(entries);
  }
}
