/**
 * Solves A X = B for a symmetric positive definite A by Cholesky's factors (Golub and Van Loan, section 4.2).
 *
 * @param a [n, n], overwritten by its factor
 * @param b right-hand sides one after another, [count, n], overwritten by the solutions
 * @returns false where A is not positive definite
 */
export function solveInPlace(a: Float64Array, b: Float64Array, n: number): boolean {
  if (!factor(a, n)) return false;
  for (let start = 0; start < b.length; start += n) {
    forward(a, b, n, start);
    backward(a, b, n, start);
  }
  return true;
}

/** Writes L of A = L Lᵀ into the lower half. */
function factor(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0, p = i * n, q = j * n; k < j; k++, p++, q++) sum -= a[p] * a[q];
      if (i > j) a[i * n + j] = sum / a[j * n + j];
      else if (sum > 0) a[i * n + i] = Math.sqrt(sum);
      else return false;
    }
  return true;
}

function forward(l: Float64Array, b: Float64Array, n: number, start: number): void {
  for (let i = 0; i < n; i++) {
    let sum = b[start + i];
    for (let k = 0; k < i; k++) sum -= l[i * n + k] * b[start + k];
    b[start + i] = sum / l[i * n + i];
  }
}

function backward(l: Float64Array, b: Float64Array, n: number, start: number): void {
  for (let i = n - 1; i >= 0; i--) {
    const value = b[start + i] / l[i * n + i];
    b[start + i] = value;
    for (let k = 0; k < i; k++) b[start + k] -= l[i * n + k] * value;
  }
}
