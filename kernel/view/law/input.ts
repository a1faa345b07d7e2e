import { ViewError } from "../../protocol/core/error";
import type { FitChoice, SavedBenchmarkFit, SavedFit, SavedRow, SavedTableGroup } from "../../protocol/law/payload";
import { MAX_BENCHMARKS, MAX_ENCODERS } from "../../protocol/law/payload";

/** The table that a law view shows; `law.parseTable` and `law.publishedTable` return one. */
export interface LawTableLike {
  readonly rows: readonly LawTableRowLike[];
  readonly encoders: readonly string[];
  readonly benchmarks: readonly string[];
  readonly predictors: readonly string[];
  /** Benchmarks whose figures are averaged, by name. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
}

/** Row of a {@link LawTableLike}: one encoder on one benchmark. */
export interface LawTableRowLike {
  readonly encoder: string;
  readonly benchmark: string;
  readonly predictors: Readonly<Record<string, number>>;
  readonly score: number | null;
}

/** The part of a fit that a view uses; the result of `law.fit` has it. */
export interface LawFitLike {
  readonly options: {
    readonly predictors: readonly string[];
    readonly degree: number;
    readonly terms: readonly string[];
    readonly normalize: string;
    readonly ridge: number;
  };
  readonly benchmarks: Readonly<Record<string, LawBenchmarkFitLike>>;
  readonly groups?: Readonly<Record<string, LawGroupLike>>;
}

/** Means of a fit over a group of benchmarks. */
export interface LawGroupLike {
  readonly r2: number;
  readonly adjustedR2: number | null;
  readonly looQ2: number | null;
}

/** Fit of one benchmark, as `law.fit` gives it. */
export interface LawBenchmarkFitLike extends LawGroupLike {
  readonly n: number;
  readonly terms: readonly string[];
  readonly coefficients: readonly number[];
  readonly predictions: Readonly<Record<string, number>>;
  readonly looPredictions: Readonly<Record<string, number | null>>;
  readonly scales: Readonly<Record<string, readonly [min: number, max: number]>>;
}

/** Options of `law.fit` that the viewer sends when it asks for a refit. */
export interface LawRefitOptions {
  /** Degree of the polynomial. Default 2. */
  degree?: 1 | 2;
  /** Terms in place of those of the degree. Default: those of the degree. */
  terms?: string[];
}

/** Fits the table again: `(options) => law.fit(table, options)`. */
export type LawRefit = (options: LawRefitOptions) => LawFitLike;

const WHERE = "view.law";

/** Rows with names as positions. @throws ViewError on a table that breaks a rule. */
export function tableRows(table: LawTableLike): SavedRow[] {
  checkNames("encoders", table.encoders, MAX_ENCODERS);
  checkNames("benchmarks", table.benchmarks, MAX_BENCHMARKS);
  checkNames("predictors", table.predictors, 20);
  if (!Array.isArray(table.rows) || table.rows.length === 0)
    throw new ViewError(WHERE, "table.rows must be an array of at least one row", table.rows);
  return table.rows.map((row: LawTableRowLike, i) => ({
    encoder: position(table.encoders, row.encoder, `table.rows[${i}].encoder`),
    benchmark: position(table.benchmarks, row.benchmark, `table.rows[${i}].benchmark`),
    predictors: table.predictors.map((name) => finite(row.predictors[name], `table.rows[${i}].predictors.${name}`)),
    score: row.score === null ? null : finite(row.score, `table.rows[${i}].score`),
  }));
}

/** Groups with benchmarks as positions. */
export function tableGroups({ groups = {}, benchmarks }: LawTableLike): SavedTableGroup[] {
  return Object.entries(groups).map(([name, of]) => ({
    name,
    benchmarks: of.map((benchmark, i) => position(benchmarks, benchmark, `table.groups.${name}[${i}]`)),
  }));
}

function checkNames(what: string, names: readonly string[], most: number): void {
  const good =
    Array.isArray(names) && names.length >= 1 && names.length <= most && new Set(names).size === names.length;
  if (!good) throw new ViewError(WHERE, `table.${what} must be 1 to ${most} different names`, names);
}

function position(names: readonly string[], name: string, path: string): number {
  const found = names.indexOf(name);
  if (found >= 0) return found;
  throw new ViewError(WHERE, `${path} must be one of ${names.slice(0, 8).join(", ")}`, name);
}

function finite(value: unknown, path: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ViewError(WHERE, `${path} must be a finite number`, value);
}

/** A fit with names as positions. @throws ViewError when the fit does not belong to the table. */
export function saveFit(table: LawTableLike, fit: LawFitLike, choice?: FitChoice): SavedFit {
  const { predictors, degree, terms, normalize, ridge } = fit.options;
  return {
    choice: choice ?? { degree: degree === 1 ? 1 : 2, ...(isPolynomial(fit) ? {} : { terms: [...terms] }) },
    predictors: [...predictors],
    normalize,
    ridge,
    benchmarks: table.benchmarks.map((name) => saveBenchmark(table, name, ownValue(fit.benchmarks, name))),
    groups: Object.entries(fit.groups ?? {}).map(([name, { r2, adjustedR2, looQ2 }]) => ({
      name,
      r2: finite(r2, `fit.groups.${name}.r2`),
      adjustedR2,
      looQ2,
    })),
  };
}

/** Returns whether the terms are those of the degree, and not chosen one by one. */
function isPolynomial({ options }: LawFitLike): boolean {
  const { predictors, degree, terms } = options;
  const products = predictors.flatMap((first, i) => predictors.slice(i).map((second) => `${first}*${second}`));
  const expected = degree === 1 ? [...predictors] : [...predictors, ...products];
  return terms.join() === expected.join();
}

function saveBenchmark(table: LawTableLike, name: string, fit: LawBenchmarkFitLike | undefined): SavedBenchmarkFit {
  if (!fit) throw new ViewError(WHERE, "the fit must hold every benchmark of the table", name);
  if (fit.coefficients.length !== fit.terms.length + 1)
    throw new ViewError(WHERE, `the fit of ${name} must have ${fit.terms.length + 1} coefficients`, fit.coefficients);
  const byEncoder = (values: Readonly<Record<string, number | null>>): (number | null)[] =>
    table.encoders.map((encoder) => ownValue(values, encoder) ?? null);
  return {
    n: fit.n,
    terms: [...fit.terms],
    coefficients: fit.coefficients.map((value, i) => finite(value, `fit.benchmarks.${name}.coefficients[${i}]`)),
    r2: finite(fit.r2, `fit.benchmarks.${name}.r2`),
    adjustedR2: fit.adjustedR2,
    looQ2: fit.looQ2,
    predictions: byEncoder(fit.predictions),
    looPredictions: byEncoder(fit.looPredictions),
    scales: Object.entries(fit.scales).map(([of, [min, max]]) => ({ name: of, min, max })),
  };
}

/** An encoder may be called `constructor`. */
function ownValue<T>(values: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(values, key) ? values[key] : undefined;
}
