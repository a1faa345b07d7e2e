import { sum } from "./statistics";

/** Index of the first largest value. NaN never wins; 0 where there is nothing else. */
export function argmax(values: ArrayLike<number>): number {
  let best = firstNumber(values);
  for (let i = best + 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Every comparison with NaN is false: a NaN in the first place would hold it for good. */
function firstNumber(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) return i;
  return 0;
}

/** Indices of the `count` largest values, best first. */
export function topIndices(values: ArrayLike<number>, count: number): number[] {
  const order = Array.from(values, (_, index) => index).sort((a, b) => values[b] - values[a]);
  return order.slice(0, count);
}

/** The `count`-th largest value, from 1, found without sorting (Hoare 1961). @param values without NaN; their order changes */
export function nthLargest(values: Float64Array, count: number): number {
  const at = values.length - count;
  for (let [low, high] = [0, values.length - 1]; low < high;) {
    const [left, right] = parted(values, low, high);
    if (at <= right) high = right;
    else if (at >= left) low = left;
    else break;
  }
  return values[at];
}

/** Puts smaller values before larger ones between two places. Returns the start of the larger and the end of the smaller. */
function parted(values: Float64Array, low: number, high: number): [left: number, right: number] {
  const pivot = values[(low + high) >>> 1];
  let [left, right] = [low, high];
  while (left <= right) {
    while (values[left] < pivot) left++;
    while (values[right] > pivot) right--;
    if (left > right) break;
    [values[left], values[right]] = [values[right], values[left]];
    left++;
    right--;
  }
  return [left, right];
}

/** Rank of each value from 1, the smallest; equal values share the mean of their places. */
export function ranks(values: ArrayLike<number>): number[] {
  const order = Array.from(values, (_, index) => index).sort((a, b) => values[a] - values[b]);
  const out = new Array<number>(order.length);
  for (let from = 0, to = 1; from < order.length; from = to++) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) out[order[at]] = (from + to + 1) / 2;
  }
  return out;
}

/** `softmax(values / temperature)`, computed without overflow. */
export function softmax(values: Float32Array, temperature: number): Float32Array {
  const top = values[argmax(values)];
  const out = values.map((value) => Math.exp((value - top) / temperature));
  const total = sum(out);
  return out.map((value) => value / total);
}

/** Smallest of any number of values (`Math.min(...values)` fails at some hundred thousand), NaN where one is NaN, `Infinity` of none. */
export function least(values: Iterable<number>): number {
  let found = Infinity;
  for (const value of values) found = Math.min(found, value);
  return found;
}

/** Largest of any number of values, NaN where one is NaN, `-Infinity` of none. */
export function most(values: Iterable<number>): number {
  let found = -Infinity;
  for (const value of values) found = Math.max(found, value);
  return found;
}

/** Adds every item to the end of a list, as `push(...items)` does for a few. */
export function append<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}

/** Returns the value, or the bound that it is beyond; NaN stays NaN. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Puts the first `length` values in random order, in place (Fisher-Yates). @param next uniform numbers in [0, 1) */
export function shuffle<T>(values: { [index: number]: T }, length: number, next: () => number): void {
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
}

/** The items in random order; the list stays as it is. */
export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const order = [...items];
  shuffle(order, order.length, next);
  return order;
}
