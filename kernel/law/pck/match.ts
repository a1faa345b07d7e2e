import { checkArguments } from "../../rules/arguments";
import { argmax, clamp, dotRow } from "../../numeric";
import { LawError } from "../error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of matching. */
export interface MatchOptions {
  /**
   * Matcher: `soft` is the expectation under a softmax around the peak, `argmax` the first best cell. Default `soft`.
   */
  match?: "soft" | "argmax";
  /**
   * Half-width in cells of the softmax's block around the peak: 0 is the peak's cell alone, `Infinity` no window. The released
   * evaluation takes 0 for no window. Default 5.
   */
  window?: number;
  /** Softmax temperature. Default 0.02. */
  temperature?: number;
  /** Value of cells outside the window. Default `zero`, as in the released evaluation, which multiplies by a mask. */
  maskFill?: "zero" | "-inf";
}

/** Position on the feature grid in cells; the soft matcher returns fractions. */
export interface GridPoint {
  column: number;
  row: number;
}

/**
 * Returns the cosines of one source cell with every target cell, `[N]`. Rows of both `[N, C]` must have unit length.
 */
export function similarityRow(
  source: Float32Array,
  cell: number,
  target: Float32Array,
  channels: number,
): Float32Array {
  checkArguments(
    "law.similarityRow",
    LawError,
    { source, target, channels },
    { source: "list", target: "list", channels: "size" },
  );
  const row = new Float32Array(target.length / channels);
  dotRow(source, cell, target, channels, row);
  return row;
}

/**
 * Returns the position that one row of similarities points to on an `n x n` grid (Law of Vision Representation, arXiv
 * 2408.16357, released evaluation).
 *
 * `argmax` takes the first best cell. `soft` keeps the `(2 * window + 1)^2` block around it, takes
 * `softmax((sim - max) / temperature)` over all cells and returns the expected column and row.
 *
 * @param similarity `[n * n]`, raster order
 * @param options matcher, window, temperature
 * @throws LawError for a row of another length or an option out of range
 */
export function locate(similarity: Float32Array, n: number, options: MatchOptions = {}): GridPoint {
  checkArguments("law.locate", LawError, { similarity }, { similarity: "list" });
  checkOptionNames("law.locate", options, NAMES, LawError);
  return locateRow(similarity, n, options);
}

const NAMES: OptionNames<MatchOptions> = { match: true, window: true, temperature: true, maskFill: true };

/** Locates without a look at the options' names: those of a whole score are passed on. */
export function locateRow(similarity: Float32Array, n: number, options: MatchOptions): GridPoint {
  if (similarity.length !== n * n) {
    throw new LawError("law.locate", `similarity must hold n * n = ${n * n} values`, similarity.length);
  }
  const { match = "soft", window = 5, temperature = 0.02, maskFill = "zero" } = options;
  const peak = argmax(similarity);
  const [row, column] = [Math.floor(peak / n), peak % n];
  if (match === "argmax") return { column, row };
  if (!(temperature > 0)) throw new LawError("law.locate", "temperature must be above 0", temperature);
  if (!(window >= 0)) throw new LawError("law.locate", "window must be at least 0", window);
  const rows: Span = [Math.max(0, Math.ceil(row - window)), Math.min(n, Math.floor(row + window) + 1)];
  const columns: Span = [Math.max(0, Math.ceil(column - window)), Math.min(n, Math.floor(column + window) + 1)];
  return expectation(similarity, n, { rows, columns, peak, temperature, outside: maskFill === "zero" ? 0 : -Infinity });
}

/** Range from the first index to before the last. */
type Span = [from: number, to: number];

interface Block {
  rows: Span;
  columns: Span;
  peak: number;
  temperature: number;
  /** Value of every cell outside the block. */
  outside: number;
}

/** Returns the mean cell under the softmax. Cells outside the block weigh the same, so their sums need no loop. */
function expectation(
  similarity: Float32Array,
  n: number,
  { rows, columns, peak, temperature, outside }: Block,
): GridPoint {
  const [height, width] = [rows[1] - rows[0], columns[1] - columns[0]];
  const rest = n * n - height * width;
  const max = rest > 0 ? Math.max(similarity[peak], outside) : similarity[peak];
  const blank = rest > 0 ? Math.exp((outside - max) / temperature) : 0;
  // Sums of columns and rows over all cells, minus those of the block.
  let mass = blank * rest;
  let column = blank * ((n * n * (n - 1)) / 2 - height * sumOf(columns));
  let row = blank * ((n * n * (n - 1)) / 2 - width * sumOf(rows));
  for (let y = rows[0]; y < rows[1]; y++) {
    for (let x = columns[0]; x < columns[1]; x++) {
      const weight = Math.exp((similarity[y * n + x] - max) / temperature);
      mass += weight;
      column += weight * x;
      row += weight * y;
    }
  }
  return { column: clamp(column / mass, 0, n - 1), row: clamp(row / mass, 0, n - 1) };
}

function sumOf([from, to]: Span): number {
  return ((from + to - 1) * (to - from)) / 2;
}
