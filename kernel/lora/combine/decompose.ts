/** Approximations of a matrix by two narrow factors, for PEFT's combinations ending in `svd`. */
import { clamp, dot, quantile } from "../../numeric";
import { leadingTriplets } from "./leading";
import { EigenvalueDecomposition, Matrix, QrDecomposition, SingularValueDecomposition } from "ml-matrix";

/** Factors of B A, with A [r, in] and B [out, r]. */
export interface Factors {
  a: Matrix;
  b: Matrix;
}

/**
 * Returns the best approximation of a product at rank r: B = U S, A = Vᵀ. The product has the rank of its factors, so
 * QR of both leaves a small core to decompose.
 */
export function nearestFactors({ a, b }: Factors, r: number): Factors {
  const left = thinQr(b);
  const right = thinQr(a.transpose());
  const core = new SingularValueDecomposition(left.r.mmul(right.r.transpose()), { autoTranspose: true });
  const kept = range(Math.min(r, core.diagonal.length));
  const u = core.leftSingularVectors.subMatrixColumn(kept).mulRowVector(core.diagonal.slice(0, kept.length));
  const v = core.rightSingularVectors.subMatrixColumn(kept);
  return signed({ a: right.q.mmul(v).transpose(), b: left.q.mmul(u) });
}

/** Returns the best approximation of a matrix of full rank: B = U S, A = Vᵀ. */
export function nearestProduct(x: Matrix, r: number): Factors {
  const leading = leadingTriplets(x, r);
  if (!leading) return wholeDecomposition(x, r);
  const a = new Matrix(leading.map(({ v }) => [...v]));
  const b = new Matrix(leading.map(({ u, value }) => [...u.map((each) => each * value)])).transpose();
  return signed({ a, b });
}

/**
 * Returns the best approximation of a matrix of full rank, from the eigenvectors Q of its smaller Gram matrix: B A is X
 * Q Qᵀ or Q Qᵀ X, in double precision even for small omitted values. The time grows with the cube of the smaller side.
 */
function wholeDecomposition(x: Matrix, r: number): Factors {
  return signed(x.rows <= x.columns ? fromLeft(x, r) : flipped(fromLeft(x.transpose(), r)));
}

/** Computes the factors with the eigenvectors of X Xᵀ on the left. */
function fromLeft(x: Matrix, r: number): Factors {
  const { eigenvectorMatrix } = new EigenvalueDecomposition(x.mmul(x.transpose()), { assumeSymmetric: true });
  // Eigenvalues come in ascending order.
  const last = range(Math.min(r, x.rows)).map((i) => x.rows - 1 - i);
  const u = eigenvectorMatrix.subMatrixColumn(last);
  const a = u.transpose().mmul(x);
  const lengths = range(a.rows).map((i) => lengthOf(a.getRow(i)));
  return { a: a.divColumnVector(lengths.map((length) => length || 1)), b: u.mulRowVector(lengths) };
}

/** Returns the factors of the transposed product, with unit rows in A again. */
function flipped({ a, b }: Factors): Factors {
  const lengths = range(b.columns).map((i) => lengthOf(b.getColumn(i)));
  return {
    a: b.transpose().divColumnVector(lengths.map((length) => length || 1)),
    b: a.transpose().mulRowVector(lengths),
  };
}

/** Chooses the sign of each pair of vectors so that the largest value of the left one is positive. */
function signed({ a, b }: Factors): Factors {
  const signs = range(b.columns).map((i) => {
    const column = b.getColumn(i);
    return column.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0) < 0 ? -1 : 1;
  });
  return { a: a.mulColumnVector(signs), b: b.mulRowVector(signs) };
}

/** Clips all values to plus and minus their quantile, interpolated linearly. */
export function clamped({ a, b }: Factors, share: number): Factors {
  const values = Float64Array.from([...a.to1DArray(), ...b.to1DArray()]).sort();
  const limit = Math.max(0, quantile(values, share));
  const clip = (x: Matrix): Matrix => {
    const clipped = x.to1DArray().map((value) => clamp(value, -limit, limit));
    return Matrix.from1DArray(x.rows, x.columns, clipped);
  };
  return { a: clip(a), b: clip(b) };
}

/** Returns Q [m, k] and R [k, n] with k = min(m, n). */
function thinQr(x: Matrix): { q: Matrix; r: Matrix } {
  // The decomposition needs at least as many rows as columns; with fewer rows the identity serves as Q.
  if (x.rows < x.columns) return { q: Matrix.eye(x.rows, x.rows), r: x };
  const { orthogonalMatrix, upperTriangularMatrix } = new QrDecomposition(x);
  return { q: orthogonalMatrix, r: upperTriangularMatrix };
}

const range = (count: number): number[] => [...Array(count).keys()];

const lengthOf = (values: number[]): number => Math.sqrt(dot(values, values));
