/**
 * Inner products of row `query` of `a` with every row of `b`, into `out`; both are `[rows, width]`. Four rows of `b` go together:
 * their sums do not wait for each other, and each is still added up in order, so the result is the same as row by row.
 */
export function dotRow(
  a: Float32Array,
  query: number,
  b: Float32Array,
  width: number,
  out: Float32Array | Float64Array,
): void {
  const rows = out.length;
  const from = query * width;
  let k = 0;
  for (; k + 3 < rows; k += 4) {
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    const k0 = k * width;
    const k1 = k0 + width;
    const k2 = k1 + width;
    const k3 = k2 + width;
    for (let c = 0; c < width; c++) {
      const q = a[from + c];
      first += q * b[k0 + c];
      second += q * b[k1 + c];
      third += q * b[k2 + c];
      fourth += q * b[k3 + c];
    }
    out[k] = first;
    out[k + 1] = second;
    out[k + 2] = third;
    out[k + 3] = fourth;
  }
  for (; k < rows; k++) {
    let sum = 0;
    for (let c = 0, at = k * width; c < width; c++, at++) sum += a[from + c] * b[at];
    out[k] = sum;
  }
}

/** `dotRow` for several queries, `[queries][rows]`: two at a time, so that each row of `b` is read half as often. */
export function dotRows(a: Float32Array, queries: readonly number[], b: Float32Array, width: number): Float32Array[] {
  const out = queries.map(() => new Float32Array(b.length / width));
  let i = 0;
  for (; i + 1 < queries.length; i += 2) dotPair(a, queries[i], queries[i + 1], b, width, out[i], out[i + 1]);
  if (i < queries.length) dotRow(a, queries[i], b, width, out[i]);
  return out;
}

function dotPair(
  a: Float32Array,
  first: number,
  second: number,
  b: Float32Array,
  width: number,
  outFirst: Float32Array,
  outSecond: Float32Array,
): void {
  const rows = outFirst.length;
  const p = first * width;
  const q = second * width;
  let k = 0;
  for (; k + 3 < rows; k += 4) {
    const k0 = k * width;
    const k1 = k0 + width;
    const k2 = k1 + width;
    const k3 = k2 + width;
    let p0 = 0;
    let p1 = 0;
    let p2 = 0;
    let p3 = 0;
    let q0 = 0;
    let q1 = 0;
    let q2 = 0;
    let q3 = 0;
    for (let c = 0; c < width; c++) {
      const u = a[p + c];
      const v = a[q + c];
      const b0 = b[k0 + c];
      const b1 = b[k1 + c];
      const b2 = b[k2 + c];
      const b3 = b[k3 + c];
      p0 += u * b0;
      p1 += u * b1;
      p2 += u * b2;
      p3 += u * b3;
      q0 += v * b0;
      q1 += v * b1;
      q2 += v * b2;
      q3 += v * b3;
    }
    outFirst.set([p0, p1, p2, p3], k);
    outSecond.set([q0, q1, q2, q3], k);
  }
  if (k === rows) return;
  const rest = b.subarray(k * width);
  dotRow(a, first, rest, width, outFirst.subarray(k));
  dotRow(a, second, rest, width, outSecond.subarray(k));
}
