/** FNV-1a, 32 bits: a short name for a random stream becomes a number. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * A small seeded generator (sfc32): the same `seed` and `stream` give the same numbers on every platform.
 *
 * The update is a bijection of the 128-bit state, so two generators with different seeds, or with streams of different
 * hash, never share a state at the same step. That is what keeps the splits of the world apart.
 */
export class Prng {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  /** @param seed integer in [0, 2^53). @param stream what the numbers are for, such as `"test/pose"`. */
  constructor(seed: number, stream = "") {
    this.a = seed >>> 0;
    this.b = hashText(stream);
    this.c = (Math.floor(seed / 0x100000000) ^ 0x9e3779b9) >>> 0;
    for (let i = 0; i < 15; i++) this.next();
  }

  /** Uniform in [0, 1), with 32 bits. */
  next(): number {
    const sum = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x100000000;
  }

  /** Standard normal (Box-Muller, two uniforms a number: the state has no half-used pair). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** The whole state, four 32-bit words: a generator set to it goes on with the same numbers. */
  get state(): [number, number, number, number] {
    return [this.a, this.b, this.c, this.d].map((word) => word >>> 0) as [number, number, number, number];
  }

  set state(words: readonly number[]) {
    [this.a, this.b, this.c, this.d] = words.map((word) => word >>> 0);
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Bell-shaped in (-1, 1): the mean of three uniforms, rescaled; standard deviation 1/3. */
  bell(): number {
    return ((this.next() + this.next() + this.next()) * 2) / 3 - 1;
  }

  /** Uniform integer in 0..count-1. */
  int(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One element, uniformly. */
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }
}
