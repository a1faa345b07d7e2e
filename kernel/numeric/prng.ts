import { RuleError } from "../rules/rule-error";

/**
 * Refuses a seed that is no whole number of at least 0: a generator would take it for another one.
 *
 * @throws the room's error
 */
export function checkSeed(
  where: string,
  seed: number,
  Failure: new (where: string, rule: string, received: unknown) => RuleError,
): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Failure(where, "a seed must be a whole number of at least 0", seed);
}

/** Returns the FNV-1a hash, 32 bits, which turns the name of a random stream into a number. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Small seeded generator (sfc32): the same `seed` and `stream` give the same numbers on every platform.
 * The update is a bijection of the 128-bit state, so two generators with different seeds, or with streams of different
 * hash, never share a state at the same step. This separates the splits of the world.
 */
export class Prng {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  /**
   * @param seed integer in [0, 2^53)
   * @param stream purpose of the numbers, such as `"test/pose"`
   * @throws RuleError for another seed
   */
  constructor(seed: number, stream = "") {
    checkSeed("Prng", seed, RuleError);
    this.a = seed >>> 0;
    this.b = hashText(stream);
    this.c = (Math.floor(seed / 0x100000000) ^ 0x9e3779b9) >>> 0;
    for (let i = 0; i < 15; i++) this.next();
  }

  /** Returns a uniform number in [0, 1), with 32 bits. */
  next(): number {
    const sum = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x100000000;
  }

  /** Returns a standard normal number (Box-Muller, two uniforms per number, so the state has no half-used pair). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** Whole state, four 32-bit words: a generator set to it continues with the same numbers. */
  get state(): [number, number, number, number] {
    return [this.a, this.b, this.c, this.d].map((word) => word >>> 0) as [number, number, number, number];
  }

  set state(words: readonly number[]) {
    [this.a, this.b, this.c, this.d] = words.map((word) => word >>> 0);
  }

  /** Returns a uniform number in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Returns a bell-shaped number in (-1, 1): the mean of three uniforms, rescaled; standard deviation 1/3. */
  bell(): number {
    return ((this.next() + this.next() + this.next()) * 2) / 3 - 1;
  }

  /** Returns a uniform integer in 0..count-1. */
  int(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Returns true with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns one element, chosen uniformly. */
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }
}
