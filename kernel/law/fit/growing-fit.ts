import { dot } from "../../numeric";
import { leastSquares } from "./least-squares";

/** A row lies in the span of the earlier rows when less than this share of its length remains. */
const DEPENDENT = 1e-12;

/**
 * Fit of `leastSquares` for a set of rows that grows one by one, without an SVD at every step. With at most as many
 * rows as coefficients, the solution of least norm passes through all rows: a new row `d`, less the first row, changes
 * the slopes only along the part of `d` orthogonal to the earlier rows (Gram-Schmidt). With more rows, plane rotations
 * add each row to a triangular factor. Dependent rows are left to `leastSquares`. Memory is allocated once.
 */
export class GrowingFit {
  private readonly width: number;
  private readonly rows: number[] = [];
  private isDependent = false;
  /** Slopes of `y = intercept + x · slopes`. */
  private readonly slopes: Float64Array;
  private intercept = 0;
  private readonly basis: Float64Array[];
  private readonly rest: Float64Array;
  /** Triangular factor of the columns `1, x, y`, row by row. */
  private readonly factor: Float64Array[];
  private readonly next: Float64Array;

  constructor(
    /** Design of all rows, `[encoders, terms]`. */
    private readonly design: readonly (readonly number[])[],
    private readonly scores: readonly number[],
  ) {
    const width = design[0].length;
    const rows = (count: number, length: number) => Array.from({ length: count }, () => new Float64Array(length));
    this.width = width;
    this.slopes = new Float64Array(width);
    this.rest = new Float64Array(width);
    this.basis = rows(width, width);
    this.factor = rows(width + 1, width + 2);
    this.next = new Float64Array(width + 2);
  }

  /** Removes all rows. */
  clear(): void {
    this.rows.length = 0;
    this.isDependent = false;
    this.slopes.fill(0);
    for (const row of this.factor) row.fill(0);
  }

  /** Adds a row of the design and its score. */
  add(row: number): void {
    this.rows.push(row);
    this.rotateIn(row);
    const count = this.rows.length;
    if (count === 1) this.intercept = this.scores[row];
    else if (!this.isDependent && count <= this.width + 1) this.isDependent = !this.interpolate(row, count - 2);
    if (this.isDependent) this.solveByValues();
    else if (count > this.width + 1) this.solveTriangle();
  }

  /** Writes the fit's prediction for every row of the design. */
  predict(out: Float64Array): void {
    const { slopes, intercept, width } = this;
    for (let i = 0; i < this.design.length; i++) {
      const row = this.design[i];
      let sum = intercept;
      for (let c = 0; c < width; c++) sum += row[c] * slopes[c];
      out[i] = sum;
    }
  }

  /** Moves the solution through one more row along a new direction. Returns false when the row adds no direction. */
  private interpolate(row: number, known: number): boolean {
    const { design, scores, slopes, rest, width } = this;
    const [first, x] = [design[this.rows[0]], design[row]];
    let missing = scores[row] - this.intercept;
    let length = 0;
    for (let c = 0; c < width; c++) {
      rest[c] = x[c] - first[c];
      length += rest[c] * rest[c];
      missing -= x[c] * slopes[c];
    }
    // Orthogonalize twice: the second pass removes the rounding errors of the first.
    for (let pass = 0; pass < 2; pass++) for (let k = 0; k < known; k++) removePart(rest, this.basis[k]);
    const left = Math.sqrt(dot(rest, rest));
    if (!(left > DEPENDENT * Math.sqrt(length))) return false;
    const direction = this.basis[known];
    for (let c = 0; c < width; c++) {
      direction[c] = rest[c] / left;
      slopes[c] += (missing / left) * direction[c];
      this.intercept -= (missing / left) * direction[c] * first[c];
    }
    return true;
  }

  private rotateIn(row: number): void {
    const { next, width } = this;
    next[0] = 1;
    for (let c = 0; c < width; c++) next[c + 1] = this.design[row][c];
    next[width + 1] = this.scores[row];
    for (let k = 0; k <= width; k++) {
      if (next[k] === 0) continue;
      const into = this.factor[k];
      const radius = Math.hypot(into[k], next[k]);
      const [cos, sin] = [into[k] / radius, next[k] / radius];
      for (let c = k; c < width + 2; c++) {
        const [a, b] = [into[c], next[c]];
        into[c] = cos * a + sin * b;
        next[c] = cos * b - sin * a;
      }
    }
  }

  private solveTriangle(): void {
    const { factor, slopes, width } = this;
    for (let k = width; k >= 0; k--) {
      let sum = factor[k][width + 1];
      for (let c = k + 1; c <= width; c++) sum -= factor[k][c] * slopes[c - 1];
      if (k > 0) slopes[k - 1] = sum / factor[k][k];
      else this.intercept = sum / factor[0][0];
    }
  }

  private solveByValues(): void {
    const x = this.rows.map((row) => [...this.design[row]]);
    const { coefficients } = leastSquares(
      x,
      this.rows.map((row) => this.scores[row]),
    );
    [this.intercept] = coefficients;
    this.slopes.set(coefficients.slice(1));
  }
}

function removePart(of: Float64Array, along: Float64Array): void {
  const part = dot(of, along);
  for (let c = 0; c < of.length; c++) of[c] -= part * along[c];
}
