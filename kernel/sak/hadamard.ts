import { SakError } from "./error";

/** Orders of the parts beside powers of two that are tried, smallest first. */
const MOST_PALEY = 400;

/**
 * Returns a Hadamard matrix of order n with entries ±1, row-major: Sylvester's doubling of the smallest of Paley's
 * constructions that divides n by a power of two.
 *
 * @throws SakError for an order that these constructions do not reach
 */
export function hadamard(fn: string, n: number): Int8Array {
  for (let order = n; Number.isInteger(order); order /= 2) {
    const core = order <= MOST_PALEY ? paley(order) : null;
    if (core) return doubled(core, order, n);
  }
  throw new SakError(fn, "phi-s needs a width with a known Hadamard matrix", n);
}

/** Doubles a matrix [H H; H -H] up to order n. */
function doubled(core: Int8Array, order: number, n: number): Int8Array {
  let [matrix, size] = [core, order];
  for (; size < n; size *= 2) matrix = product(Int8Array.of(1, 1, 1, -1), 2, matrix, size);
  return matrix;
}

/** Kronecker product of two square matrices. */
function product(a: Int8Array, n: number, b: Int8Array, m: number): Int8Array {
  const side = n * m;
  return Int8Array.from({ length: side * side }, (_, i) => {
    const [row, column] = [Math.floor(i / side), i % side];
    return a[Math.floor(row / m) * n + Math.floor(column / m)] * b[(row % m) * m + (column % m)];
  });
}

/** Returns a matrix of order 1, 2, or of Paley's first or second kind (Paley 1933), or null. */
function paley(order: number): Int8Array | null {
  if (order === 1) return Int8Array.of(1);
  if (order === 2) return Int8Array.of(1, 1, 1, -1);
  const [first, second] = [order - 1, order / 2 - 1];
  if (first % 4 === 3 && isPrime(first)) return firstKind(first);
  return second % 4 === 1 && isPrime(second) ? secondKind(second) : null;
}

function isPrime(q: number): boolean {
  for (let d = 2; d * d <= q; d++) if (q % d === 0) return false;
  return q > 1;
}

/** Returns χ(0) … χ(q - 1): 1 for squares modulo q, -1 for others, 0 for 0. */
function characters(q: number): Int8Array {
  const values = new Int8Array(q).fill(-1);
  values[0] = 0;
  for (let i = 1; i < q; i++) values[(i * i) % q] = 1;
  return values;
}

/** Returns the conference matrix [0 1ᵀ; ±1 Q] of order q + 1, with Q[i, j] = χ(i - j); Q is symmetric for q = 1 mod 4. */
function conference(q: number, sign: 1 | -1): Int8Array {
  const chi = characters(q);
  const n = q + 1;
  return Int8Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    if (i === 0 || j === 0) return i === j ? 0 : i === 0 ? 1 : sign;
    return chi[(i - j + q) % q];
  });
}

/** Order q + 1 for q = 3 mod 4: I + C with an antisymmetric C. */
function firstKind(q: number): Int8Array {
  const n = q + 1;
  return conference(q, -1).map((value, at) => value + (at % (n + 1) === 0 ? 1 : 0));
}

/** Order 2 (q + 1) for q = 1 mod 4: 0 becomes [1 -1; -1 -1], and ±1 becomes ±[1 1; 1 -1]. */
function secondKind(q: number): Int8Array {
  const n = q + 1;
  const core = conference(q, 1);
  const [zero, one] = [Int8Array.of(1, -1, -1, -1), Int8Array.of(1, 1, 1, -1)];
  return Int8Array.from({ length: 4 * n * n }, (_, at) => {
    const [row, column] = [Math.floor(at / (2 * n)), at % (2 * n)];
    const value = core[(row >> 1) * n + (column >> 1)];
    const cell = 2 * (row % 2) + (column % 2);
    return value === 0 ? zero[cell] : value * one[cell];
  });
}
