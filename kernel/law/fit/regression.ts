import { checkArguments } from "../../rules/arguments";
import { isWhole } from "../../rules/rule-error";
import { shuffled } from "../../numeric/order";
import { described, type DisplayBundle, tabulate } from "../../display/describe";
import { jStat } from "jstat";
import { dot, least, mean, most, product, squaredDeviations } from "../../numeric";
import { LawError } from "../error";
import { leastSquares, type LinearFit, type SolverOptions } from "./least-squares";
import { uniform } from "../pck/summary";
import { checkTable, type ScoreTable, type TableRow } from "./table";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { checkSeed } from "../../numeric/prng";
import { fixed } from "../words";

/** Options of `law.fit`. */
export interface FitOptions extends SolverOptions {
  /** Predictors by name. Default `["a", "c"]`. */
  predictors?: string[];
  /** Degree of the polynomial, interactions included. Default 2. */
  degree?: 1 | 2;
  /**
   * Terms instead of those of `degree`: products of predictors, as `["a", "c", "a*c"]`. The intercept is always
   * included. Default: those of `degree`.
   */
  terms?: string[];
  /**
   * Scaling of predictors and score: min-max over a benchmark's encoders, as in the Law paper, or none. Default
   * `minmax`.
   */
  normalize?: "minmax" | "none";
  /** Permutations of the scores for the p value of R². Default 0: no test. */
  permutations?: number;
  /** Seed of the permutations. Default 1. */
  seed?: number;
}

/** Fit of one benchmark. Scores, predictions and errors are in the normalised units of the fit. */
export interface BenchmarkFit {
  n: number;
  terms: string[];
  coefficients: number[];
  /** Standard errors of the coefficients; `null` where a fit with a ridge leaves no degree of freedom. */
  standardErrors: (number | null)[];
  r2: number;
  /** Adjusted R²; `null` where `n - k - 1` is not above 0. */
  adjustedR2: number | null;
  /** Leave-one-out Q² from the hat matrix; `null` where a row has leverage 1. */
  looQ2: number | null;
  predictions: Record<string, number>;
  looPredictions: Record<string, number | null>;
  leverage: Record<string, number>;
  /** Share of permutations of the scores that fit at least as well; `null` without a test. */
  permutationP: number | null;
  /** Range of each predictor and of the score before normalisation. */
  scales: Record<string, [min: number, max: number]>;
  /** Standard deviation of the residuals; `null` where a fit with a ridge leaves no degree of freedom. */
  residualError: number | null;
}

/** Means of a group of benchmarks. */
export interface GroupSummary {
  r2: number;
  adjustedR2: number | null;
  looQ2: number | null;
}

/** Fits of all benchmarks of a table. */
export interface TableFit {
  options: { predictors: string[]; degree: number; terms: string[]; normalize: string; ridge: number };
  benchmarks: Record<string, BenchmarkFit>;
  /** Means over the benchmarks of each group. */
  groups: Record<string, GroupSummary>;
}

/** Prediction in the units of the table, with a two-sided interval for one new measurement. */
export interface Prediction {
  value: number;
  low: number | null;
  high: number | null;
}

const UNIT: [number, number] = [0, 1];
const NAMES: OptionNames<FitOptions> = {
  predictors: true,
  degree: true,
  terms: true,
  normalize: true,
  permutations: true,
  seed: true,
  ridge: true,
  cutoff: true,
};

/**
 * Fits the AC regression: for each benchmark, ordinary least squares of the score on a polynomial of the predictors
 * (Law of Vision Representation, arXiv 2408.16357). Rows without a score are left out.
 *
 * R² is in sample; `adjustedR2 = 1 - (1 - R²)(n - 1)/(n - k - 1)`; `looQ2 = 1 - Σ(e_i / (1 - h_ii))² / SST`. Min-max
 * scaling uses every row, so leave-one-out figures know the range of the row left out.
 *
 * @param table one row per encoder and benchmark
 * @param options predictors, terms, scaling, permutations
 * @throws LawError for an unknown predictor or term, or a benchmark without a degree of freedom: no more scores than
 *   coefficients that they determine, without a ridge
 */
export function fit(table: ScoreTable, options: FitOptions = {}): TableFit {
  checkTable("law.fit", table);
  checkOptionNames("law.fit", options, NAMES, LawError);
  checkValues(options);
  const predictors = checkNames("predictors", options.predictors ?? ["a", "c"]);
  const terms = checkNames("terms", options.terms ?? polynomialTerms(predictors, options.degree ?? 2));
  const entries = table.benchmarks.map((name): [string, BenchmarkFit] => {
    const rows = table.rows.filter((row) => row.benchmark === name);
    return [name, fitRows(name, rows, predictors, terms, options)];
  });
  const benchmarks = Object.fromEntries(entries);
  const groups = { all: table.benchmarks, ...table.groups };
  const result = {
    options: {
      predictors,
      degree: options.degree ?? 2,
      terms,
      normalize: options.normalize ?? "minmax",
      ridge: options.ridge ?? 0,
    },
    benchmarks,
    groups: Object.fromEntries(
      Object.entries(groups).map(([name, of]) => [name, summarizeGroup(of.map((b) => benchmarks[b]))]),
    ),
  };
  return described<TableFit>(result, showFit);
}

/**
 * Terms of the polynomial in the order of scikit-learn's `PolynomialFeatures`: `a, c` to degree 2 gives
 * `a, c, a*a, a*c, c*c`.
 */
export function polynomialTerms(predictors: string[], degree: 1 | 2): string[] {
  checkNames("predictors", predictors);
  if (degree !== 1 && degree !== 2) throw new LawError("law.fit", "degree must be 1 or 2", degree);
  if (degree === 1) return [...predictors];
  const products = predictors.flatMap((first, i) => predictors.slice(i).map((second) => `${first}*${second}`));
  return [...predictors, ...products];
}

function checkNames(name: string, list: string[]): string[] {
  checkArguments("law.fit", LawError, { [name]: list }, { [name]: ["string"] });
  if (list.length === 0) throw new LawError("law.fit", `${name} must name at least one`, list);
  return list;
}

function checkValues({ normalize = "minmax", permutations = 0, ridge = 0, cutoff = 0 }: FitOptions): void {
  if (normalize !== "minmax" && normalize !== "none")
    throw new LawError("law.fit", "normalize must be minmax or none", normalize);
  if (!isWhole(permutations, 0)) throw new LawError("law.fit", "permutations must be a whole number", permutations);
  for (const [name, value] of Object.entries({ ridge, cutoff }))
    if (!(Number.isFinite(value) && value >= 0))
      throw new LawError("law.fit", `${name} must be a finite number of at least 0`, value);
}

const MODEL_KIND = { terms: ["string"], coefficients: "list", scales: { score: "list" } } as const;

/**
 * Predicts the score of an encoder with these predictors.
 *
 * @param model fit of one benchmark, as `fit` returns it
 * @param predictors values by name, in the units of the table
 * @param level level of the prediction interval, default 0.95
 * @throws LawError for a term whose predictor is missing
 */
export function predict(model: BenchmarkFit, predictors: Record<string, number>, level = 0.95): Prediction {
  checkArguments("law.predict", LawError, { model, predictors }, { model: MODEL_KIND, predictors: "object" });
  const scaled = Object.fromEntries(
    Object.entries(predictors).map(([name, value]) => [name, scale(value, model.scales[name] ?? UNIT)]),
  );
  const row = designRow(model.terms, scaled);
  const value = row.reduce((sum, x, j) => sum + x * model.coefficients[j + 1], model.coefficients[0]);
  const [min, max] = model.scales.score;
  const back = (y: number) => min + y * (max - min);
  const half = intervalOf(model, row, level);
  return {
    value: back(value),
    low: half === null ? null : back(value - half),
    high: half === null ? null : back(value + half),
  };
}

/** Designs are kept apart so that a fit's JSON stays the documented output of the command line. */
const designs = new WeakMap<BenchmarkFit, LinearFit>();

function intervalOf(model: BenchmarkFit, row: number[], level: number): number | null {
  const design = designs.get(model);
  if (!design || model.residualError === null) return null;
  const centered = row.map((x, j) => x - design.means[j]);
  const spread = centered.reduce(
    (sum, x, i) => sum + x * centered.reduce((s, z, j) => s + design.covariance[i][j] * z, 0),
    0,
  );
  const t = jStat.studentt.inv((1 + level) / 2, model.n - design.rank - 1);
  return t * model.residualError * Math.sqrt(1 + 1 / model.n + spread);
}

function fitRows(
  name: string,
  rows: TableRow[],
  predictors: string[],
  terms: string[],
  options: FitOptions,
): BenchmarkFit {
  const trained = rows.filter((row): row is TableRow & { score: number } => row.score !== null);
  if (trained.length < 2) throw new LawError("law.fit", "a benchmark needs at least 2 scored encoders", trained.length);
  const scales = scalesOf(rows, trained, predictors, options.normalize ?? "minmax");
  const design = (row: TableRow) =>
    designRow(terms, Object.fromEntries(predictors.map((name) => [name, scale(predictorOf(row, name), scales[name])])));
  const x = trained.map(design);
  const y = trained.map((row) => scale(row.score, scales.score));
  const solved = leastSquares(x, y, options);
  checkFreedom(name, y.length, solved, options);
  const model = { ...describeFit(solved, y, trained), ...identity(solved, rows, terms, design), scales };
  model.permutationP = permutationTest(x, y, model.r2, options);
  designs.set(model, solved);
  return model;
}

/** Refuses least squares without a degree of freedom: it passes through any points, and its R² of 1 says nothing. */
function checkFreedom(name: string, n: number, { rank, coefficients }: LinearFit, { ridge = 0 }: FitOptions): void {
  if (n - rank - 1 > 0 || ridge > 0) return;
  const rule =
    `${name} must have more scored encoders than coefficients that they determine; ` +
    "fewer terms need fewer (terms, degree 1), and a ridge works with any number";
  throw new LawError("law.fit", rule, `${n} encoders for ${coefficients.length} coefficients`);
}

function identity(solved: LinearFit, rows: TableRow[], terms: string[], design: (row: TableRow) => number[]) {
  const value = (row: TableRow) =>
    design(row).reduce((sum, x, j) => sum + x * solved.coefficients[j + 1], solved.coefficients[0]);
  return {
    terms,
    coefficients: solved.coefficients,
    predictions: Object.fromEntries(rows.map((row) => [row.encoder, value(row)])),
    permutationP: null as number | null,
  };
}

function describeFit(solved: LinearFit, y: number[], trained: TableRow[]) {
  const n = y.length;
  const residuals = y.map((value, i) => value - solved.fitted[i]);
  const squares = (values: number[]) => dot(values, values);
  const total = squaredDeviations(y);
  const r2 = 1 - squares(residuals) / total;
  const free = n - solved.rank - 1;
  const leftOut = residuals.map((e, i) => (1 - solved.leverage[i] > 1e-9 ? e / (1 - solved.leverage[i]) : null));
  const usable = leftOut.every((e) => e !== null);
  const residualError = free > 0 ? Math.sqrt(squares(residuals) / free) : null;
  const byEncoder = <T>(values: T[]) => Object.fromEntries(trained.map((row, i) => [row.encoder, values[i]]));
  return {
    n,
    r2,
    adjustedR2: free > 0 ? 1 - ((1 - r2) * (n - 1)) / free : null,
    looQ2: usable ? 1 - squares(leftOut as number[]) / total : null,
    looPredictions: byEncoder(leftOut.map((e, i) => (e === null ? null : y[i] - e))),
    leverage: byEncoder(solved.leverage),
    residualError,
    standardErrors: standardErrors(solved, residualError, n),
  };
}

function standardErrors(solved: LinearFit, residualError: number | null, n: number): (number | null)[] {
  if (residualError === null) return solved.coefficients.map(() => null);
  const slopes = solved.covariance.map((row, j) => residualError * Math.sqrt(row[j]));
  const quadratic = solved.means.reduce(
    (sum, m, i) => sum + m * solved.means.reduce((s, k, j) => s + solved.covariance[i][j] * k, 0),
    0,
  );
  return [residualError * Math.sqrt(1 / n + quadratic), ...slopes];
}

function permutationTest(x: number[][], y: number[], r2: number, options: FitOptions): number | null {
  const { permutations = 0, seed = 1 } = options;
  if (permutations === 0) return null;
  checkSeed("law.fit", seed, LawError);
  const random = uniform(seed);
  let asGood = 1;
  for (let trial = 0; trial < permutations; trial++) {
    if (r2Of(x, shuffled(y, random), options) >= r2) asGood++;
  }
  return asGood / (permutations + 1);
}

function r2Of(x: number[][], y: number[], options: FitOptions): number {
  const { fitted } = leastSquares(x, y, options);
  const error = y.reduce((sum, value, i) => sum + (value - fitted[i]) ** 2, 0);
  return 1 - error / squaredDeviations(y);
}

function scalesOf(rows: TableRow[], trained: TableRow[], predictors: string[], normalize: "minmax" | "none") {
  const range = (values: number[]) => (normalize === "none" ? UNIT : rangeOf(values));
  const scales: Record<string, [number, number]> = { score: range(trained.map((row) => row.score ?? NaN)) };
  for (const name of predictors) scales[name] = range(rows.map((row) => predictorOf(row, name)));
  return scales;
}

export function rangeOf(values: number[]): [min: number, max: number] {
  return [least(values), most(values)];
}

export function predictorOf(row: TableRow, name: string, where = "law.fit"): number {
  const value = row.predictors[name];
  if (value === undefined)
    throw new LawError(where, `predictor must be one of ${Object.keys(row.predictors).join(", ")}`, name);
  return value;
}

export function scale(value: number, [min, max]: [number, number]): number {
  return max > min ? (value - min) / (max - min) : 0;
}

/** Returns one value per term; a term is a product of predictors. */
export function designRow(terms: string[], predictors: Record<string, number>): number[] {
  return terms.map((term) => product(term.split("*").map((name) => factor(predictors, name.trim()))));
}

function factor(predictors: Record<string, number>, name: string): number {
  const value = predictors[name];
  if (value === undefined) throw new LawError("law.fit", `a term may use ${Object.keys(predictors).join(", ")}`, name);
  return value;
}

function summarizeGroup(fits: BenchmarkFit[]): GroupSummary {
  const meanOf = (values: (number | null)[]) =>
    values.some((value) => value === null) ? null : mean(values as number[]);
  return {
    r2: meanOf(fits.map((of) => of.r2)) as number,
    adjustedR2: meanOf(fits.map((of) => of.adjustedR2)),
    looQ2: meanOf(fits.map((of) => of.looQ2)),
  };
}

/** Shows the quality of each benchmark's fit, then the means of the groups. */
function showFit({ benchmarks, groups, options }: TableFit): DisplayBundle {
  const rows = Object.entries(benchmarks).map(([name, { n, r2, adjustedR2, looQ2, residualError }]) => [
    name,
    String(n),
    ...[r2, adjustedR2, looQ2, residualError].map((value) => fixed(value, 4)),
  ]);
  const means = Object.entries(groups).map(([name, { r2, adjustedR2, looQ2 }]) => [
    `mean, ${name}`,
    "",
    ...[r2, adjustedR2, looQ2].map((value) => fixed(value, 4)),
    "",
  ]);
  const columns = ["benchmark", "n", "R²", "adjusted R²", "leave-one-out Q²", "residual error"];
  return tabulate(`Fit of 1 + ${options.terms.join(" + ")}`, columns, rows.concat(means));
}
