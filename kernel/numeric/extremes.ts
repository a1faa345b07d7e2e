/** Smallest and largest of any number of values: `Math.min(...values)` fails at some hundred thousand arguments. */

/** Smallest value, NaN where one is NaN, `Infinity` of none. */
export function least(values: Iterable<number>): number {
  let found = Infinity;
  for (const value of values) found = Math.min(found, value);
  return found;
}

/** Largest value, NaN where one is NaN, `-Infinity` of none. */
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
