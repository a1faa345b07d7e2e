/** Eigenvalues, largest first, and `vectors[i]`, the unit eigenvector of `values[i]`. */
export interface Eigen {
  values: number[];
  vectors: Float64Array[];
}

const MAX_SWEEPS = 60;

/**
 * Eigen-decomposition of a symmetric `n x n` matrix (row-major) by cyclic Jacobi rotations: each zeroes one off-diagonal
 * entry (Golub and Van Loan, section 8.5). Slow for large `n` and as exact as double precision allows; ours are small.
 */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a, n) > 1e-30 * (1e-300 + trace2(a, n)); sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  return sorted(a, v, n);
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) sum += a[i * n + j] ** 2;
  return sum;
}

function trace2(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * n + i] ** 2;
  return sum;
}

function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  turnColumns(a, n, p, q, c, t * c);
  turnRows(a, n, p, q, c, t * c);
  turnRows(v, n, p, q, c, t * c);
}

function turnColumns(a: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let i = 0; i < n; i++) {
    const [ip, iq] = [a[i * n + p], a[i * n + q]];
    a[i * n + p] = c * ip - s * iq;
    a[i * n + q] = s * ip + c * iq;
  }
}

function turnRows(a: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let i = 0; i < n; i++) {
    const [pi, qi] = [a[p * n + i], a[q * n + i]];
    a[p * n + i] = c * pi - s * qi;
    a[q * n + i] = s * pi + c * qi;
  }
}

function sorted(a: Float64Array, v: Float64Array, n: number): Eigen {
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  return {
    values: order.map((i) => a[i * n + i]),
    vectors: order.map((i) => v.slice(i * n, (i + 1) * n)),
  };
}
