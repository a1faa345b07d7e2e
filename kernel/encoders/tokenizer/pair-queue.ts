/** Neighbours of each symbol of a word, while symbols are joined. */
export class Chain {
  /** Place of the symbol after each one; the word's length after the last. */
  readonly next: Int32Array;
  /** Place of the symbol before each one; -1 before the first. */
  readonly previous: Int32Array;

  constructor(symbols: readonly unknown[]) {
    this.next = Int32Array.from(symbols, (_, i) => i + 1);
    this.previous = Int32Array.from(symbols, (_, i) => i - 1);
  }

  /** Takes a symbol out. */
  drop(at: number): void {
    const [before, after] = [this.previous[at], this.next[at]];
    if (before >= 0) this.next[before] = after;
    if (after < this.previous.length) this.previous[after] = before;
  }
}

/** Pair of symbols beside each other that can be joined. */
export interface Pair {
  /** Place of the pair in the learnt order. */
  rank: number;
  /** Place of its left symbol in the word. */
  at: number;
  left: number;
  right: number;
  /** Id of the two joined. */
  id: number;
}

/** Queue of pairs: the one learnt earliest first, and of equal ones the leftmost (a binary heap). */
export class PairQueue {
  private readonly heap: Pair[] = [];

  push(pair: Pair): void {
    const { heap } = this;
    let at = heap.push(pair) - 1;
    while (at > 0 && isBefore(pair, heap[(at - 1) >> 1])) {
      heap[at] = heap[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    heap[at] = pair;
  }

  /** Takes the first pair out; undefined where none is left. */
  pop(): Pair | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (last && heap.length > 0) this.sink(last);
    return first;
  }

  /** Puts a pair at the top and moves it down to its place. */
  private sink(pair: Pair): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], pair)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = pair;
  }
}

const isBefore = (one: Pair, other: Pair): boolean =>
  one.rank < other.rank || (one.rank === other.rank && one.at < other.at);
