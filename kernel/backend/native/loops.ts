import { product } from "../../numeric";

/** Copies a box of `x` that begins at `begin` and has the size `size`. */
export function copyBox(
  y: Float32Array,
  x: Float32Array,
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): void {
  eachRun(shape, begin, size, (inside, alone, run) => copyRun(y, alone, x, inside, run));
}

/** Copies `x`, of the size `size`, into the box of `y` that begins at `begin`. */
export function placeBox(
  y: Float32Array,
  x: Float32Array,
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): void {
  eachRun(shape, begin, size, (inside, alone, run) => copyRun(y, inside, x, alone, run));
}

/** Visits the runs of a box: their place in the array of the shape, their place in the box alone, and their length. */
function eachRun(
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
  visit: (inside: number, alone: number, run: number) => void,
): void {
  // Dimensions taken whole at the end are one run.
  let rank = shape.length;
  while (rank > 0 && size[rank - 1] === shape[rank - 1]) rank--;
  const inner = product(shape.slice(rank));
  const run = rank > 0 ? size[rank - 1] * inner : inner;
  const strides = shape.map((_, d) => product(shape.slice(d + 1)));
  const places = size.slice(0, Math.max(0, rank - 1));
  const at = places.map(() => 0);
  let from = begin.reduce((sum, place, d) => sum + place * strides[d], 0);
  for (let alone = 0, total = product(size); alone < total; alone += run) {
    visit(from, alone, run);
    for (let d = places.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++at[d] < places[d]) break;
      from -= strides[d] * places[d];
      at[d] = 0;
    }
  }
}

const SHORT = 32;

/** Copies values; a call of `set` costs more than a few of them. */
function copyRun(y: Float32Array, to: number, x: Float32Array, from: number, length: number): void {
  if (length > SHORT) y.set(x.subarray(from, from + length), to);
  else for (let i = 0; i < length; i++) y[to + i] = x[from + i];
}

/** Joins arrays of rows side by side: row r of `y` is row r of each in turn. */
export function joinRows(y: Float32Array, parts: readonly Float32Array[], rows: number): void {
  const widths = parts.map((part) => part.length / rows);
  let to = 0;
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < parts.length; i++) {
      copyRun(y, to, parts[i], r * widths[i], widths[i]);
      to += widths[i];
    }
}

/** Copies the rows of `x` named by `indices`. */
export function gather(y: Float32Array, x: Float32Array, indices: ArrayLike<number>, width: number): void {
  for (let i = 0; i < indices.length; i++) copyRun(y, i * width, x, indices[i] * width, width);
}

/** Adds row i of `x` to row `indices[i]` of `y`, which begins with zeros. */
export function scatter(y: Float32Array, x: Float32Array, indices: ArrayLike<number>, width: number): void {
  y.fill(0);
  for (let i = 0, from = 0; i < indices.length; i++)
    for (let to = indices[i] * width, end = to + width; to < end;) y[to++] += x[from++];
}
