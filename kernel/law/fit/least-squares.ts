import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { mean } from "../../numeric";

/** Linear model `y = intercept + x · coefficients` with its statistics. */
export interface LinearFit {
  /** Coefficients: the intercept, then one per column. */
  coefficients: number[];
  /** Diagonal of the hat matrix, one per row. */
  leverage: number[];
  fitted: number[];
  /** Rank of the centred design without the intercept. */
  rank: number;
  /** Matrix `(XᵀX)⁺` of the centred columns, for standard errors and prediction intervals. */
  covariance: number[][];
  means: number[];
}

/** Options of the least-squares solver. */
export interface SolverOptions {
  /** Ridge penalty on the coefficients; the intercept is not penalised. Default 0: ordinary least squares. */
  ridge?: number;
  /** Singular values below `cutoff * largest` count as zero. Default: machine epsilon times the longer side of the design, as in NumPy. */
  cutoff?: number;
}

/**
 * Solves least squares by the SVD of the centred columns, in float64. With fewer rows than columns it returns the
 * solution of least norm on centred features, as scikit-learn's `LinearRegression` does; with `ridge` it equals
 * scikit-learn's `Ridge`.
 */
export function leastSquares(x: number[][], y: number[], options: SolverOptions = {}): LinearFit {
  const n = x.length;
  const width = x[0].length;
  const { ridge = 0, cutoff = Number.EPSILON * Math.max(n, width) } = options;
  const means = columnMeans(x);
  const yMean = mean(y);
  const svd = decompose(x.map((row) => row.map((value, j) => value - means[j])));
  // Centring removes one direction; the remaining singular value is rounding and does not count.
  const kept = svd.values.map((value, k) => k < n - 1 && value > cutoff * svd.values[0] && value > 0);
  const gains = svd.values.map((value, k) => (kept[k] ? value / (value * value + ridge) : 0));
  const projections = svd.values.map((_, k) => svd.left.reduce((sum, row, i) => sum + row[k] * (y[i] - yMean), 0));
  const slopes = Array.from({ length: width }, (_, j) =>
    svd.right[j].reduce((sum, v, k) => sum + v * gains[k] * projections[k], 0),
  );
  const intercept = yMean - slopes.reduce((sum, slope, j) => sum + slope * means[j], 0);
  const hat = svd.left.map((row) => row.reduce((sum, u, k) => sum + u * u * gains[k] * svd.values[k], 1 / n));
  const inverse = svd.values.map((_, k) => gains[k] * gains[k]);
  return {
    coefficients: [intercept, ...slopes],
    leverage: hat,
    fitted: x.map((row) => row.reduce((sum, value, j) => sum + value * slopes[j], intercept)),
    rank: kept.filter(Boolean).length,
    covariance: svd.right.map((a) => svd.right.map((b) => a.reduce((sum, v, k) => sum + v * b[k] * inverse[k], 0))),
    means,
  };
}

function columnMeans(x: number[][]): number[] {
  return x[0].map((_, j) => x.reduce((sum, row) => sum + row[j], 0) / x.length);
}

function decompose(rows: number[][]): { left: number[][]; values: number[]; right: number[][] } {
  const svd = new SingularValueDecomposition(new Matrix(rows), { autoTranspose: true });
  return {
    left: svd.leftSingularVectors.to2DArray(),
    values: svd.diagonal,
    right: svd.rightSingularVectors.to2DArray(),
  };
}
