/**
 * Leading singular vectors of a matrix, without those that are not kept: Lanczos bidiagonalization (Golub and Kahan 1965) with
 * full orthogonalization. The time grows with the square of the sides, that of a whole decomposition with their cube.
 */
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { dot } from "../../numeric";
import { Prng } from "../../numeric/prng";
import { flat } from "./flat";

/** A singular value with its vectors. */
export interface Triplet {
  value: number;
  u: Float64Array;
  v: Float64Array;
}

/** Error of a vector, as a share of the largest singular value. */
const EXACT = 1e-12;
/** Error with which a value is told from the smallest that was found: it enters a value squared. */
const ROUGH = 1e-5;
/** A vector of this share of the first one is zero. */
const ZERO = 1e-14;
/** Steps before a look at the result, and their growth from look to look. */
const [FIRST_STEPS, GROWTH] = [16, 1.3];

/**
 * Returns the `count` largest, in descending order; `undefined` where they are too close to the next ones, or too many, to be
 * found faster than by a whole decomposition.
 */
export function leadingTriplets(x: Matrix, count: number): Triplet[] | undefined {
  if (count < 1) return [];
  const search = new Search(x);
  let found = search.largest(count, [], EXACT);
  // One start meets one vector of several with the same value: another start without those found looks for more.
  for (let round = 0; found?.length === count && round <= count; round++) {
    const next = search.largest(1, found, ROUGH);
    const least = found[count - 1]!.value;
    if (!next) return undefined;
    if (next.length === 0 || next[0]!.value <= least * (1 + EXACT)) return found;
    const exact = search.largest(1, found, EXACT);
    if (!exact || exact.length === 0) return undefined;
    found = [...found, exact[0]!].sort((a, b) => b.value - a.value).slice(0, count);
  }
  return undefined;
}

class Search {
  private readonly values: Float64Array;
  private readonly random = new Prng(0, "lora/leading");
  private readonly rows: number;
  private readonly columns: number;

  constructor(x: Matrix) {
    this.rows = x.rows;
    this.columns = x.columns;
    this.values = flat(x);
  }

  /** Returns the largest triplets that are orthogonal to `known`; fewer where no more are there, `undefined` where it takes too long. */
  largest(count: number, known: readonly Triplet[], error: number): Triplet[] | undefined {
    const [us, vs] = [known.map(({ u }) => u), known.map(({ v }) => v)];
    const [left, right]: [Float64Array[], Float64Array[]] = [[], []];
    const [diagonal, above]: [number[], number[]] = [[], []];
    const most = Math.floor(Math.min(this.rows, this.columns) / 3);
    let look = count + FIRST_STEPS;
    let v = this.start(vs);
    for (let step = 1; step <= most; step++) {
      right.push(v);
      const u = this.product(v);
      const alpha = orthogonal(u, [us, left]);
      const isEnd = alpha <= ZERO * (diagonal[0] ?? 1) || alpha === 0;
      // The last vector on the right still counts: the part of the start that the matrix maps to zero is in it.
      if (isEnd) return step === 1 ? [] : this.triplets(left, right, diagonal, above).slice(0, count);
      diagonal.push(alpha);
      left.push(u);
      v = this.transposedProduct(u);
      const beta = orthogonal(v, [vs, right]);
      const isWhole = beta <= ZERO * diagonal[0]!;
      if (isWhole || step >= look) {
        const found = this.triplets(left, right, diagonal, above).slice(0, count);
        const errors = found.map(({ last }) => beta * Math.abs(last));
        const bound = error * (known[0]?.value ?? found[0]!.value);
        if (isWhole || (found.length === count && errors.every((each) => each <= bound))) return found;
        look = Math.ceil(look * GROWTH);
      }
      above.push(beta);
    }
    return undefined;
  }

  private start(known: readonly Float64Array[]): Float64Array {
    const v = Float64Array.from({ length: this.columns }, () => this.random.next() - 0.5);
    orthogonal(v, [known]);
    return v;
  }

  /** Returns the triplets of the bidiagonal matrix between two bases; `last` is the last entry of the vector on the left. */
  private triplets(
    left: readonly Float64Array[],
    right: readonly Float64Array[],
    diagonal: readonly number[],
    above: readonly number[],
  ): (Triplet & { last: number })[] {
    const small = Matrix.zeros(left.length, right.length);
    diagonal.forEach((value, i) => small.set(i, i, value));
    above.forEach((value, i) => i + 1 < right.length && small.set(i, i + 1, value));
    const whole = new SingularValueDecomposition(small, { autoTranspose: true });
    return whole.diagonal.map((value, i) => ({
      value,
      u: combined(left, whole.leftSingularVectors.getColumn(i)),
      v: combined(right, whole.rightSingularVectors.getColumn(i)),
      last: whole.leftSingularVectors.get(left.length - 1, i),
    }));
  }

  /** Product by four rows at once, whose sums do not wait for each other. */
  private product(v: Float64Array): Float64Array {
    const { rows, columns, values } = this;
    const result = new Float64Array(rows);
    let row = 0;
    for (; row + 3 < rows; row += 4) {
      let [first, second, third, fourth] = [0, 0, 0, 0];
      const at = row * columns;
      for (let column = 0; column < columns; column++) {
        const factor = v[column]!;
        first += factor * values[at + column]!;
        second += factor * values[at + columns + column]!;
        third += factor * values[at + 2 * columns + column]!;
        fourth += factor * values[at + 3 * columns + column]!;
      }
      result[row] = first;
      result[row + 1] = second;
      result[row + 2] = third;
      result[row + 3] = fourth;
    }
    for (; row < rows; row++) result[row] = dot(values, v, row * columns);
    return result;
  }

  /** Product with the transposed matrix, by four rows at once: the sums are read and written a quarter as often. */
  private transposedProduct(u: Float64Array): Float64Array {
    const { rows, columns, values } = this;
    const result = new Float64Array(columns);
    let row = 0;
    for (; row + 3 < rows; row += 4) {
      const [first, second, third, fourth] = [u[row]!, u[row + 1]!, u[row + 2]!, u[row + 3]!];
      const at = row * columns;
      for (let column = 0; column < columns; column++)
        result[column]! +=
          first * values[at + column]! +
          second * values[at + columns + column]! +
          third * values[at + 2 * columns + column]! +
          fourth * values[at + 3 * columns + column]!;
    }
    for (; row < rows; row++)
      for (let column = 0; column < columns; column++) result[column]! += u[row]! * values[row * columns + column]!;
    return result;
  }
}

/** Makes a vector orthogonal to others and of length 1. Returns its length before the latter. */
function orthogonal(x: Float64Array, bases: readonly (readonly Float64Array[])[]): number {
  // Twice is enough (Giraud and others 2005).
  for (let pass = 0; pass < 2; pass++)
    for (const basis of bases)
      for (const other of basis) {
        let dot = 0;
        for (let i = 0; i < x.length; i++) dot += x[i]! * other[i]!;
        for (let i = 0; i < x.length; i++) x[i]! -= dot * other[i]!;
      }
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i]! * x[i]!;
  const length = Math.sqrt(squares);
  if (length > 0) for (let i = 0; i < x.length; i++) x[i]! /= length;
  return length;
}

function combined(basis: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const sum = new Float64Array(basis[0]!.length);
  basis.forEach((vector, k) => {
    const weight = weights[k]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * vector[i]!;
  });
  return sum;
}
