import { described } from "../../display/describe";
import { checkTable, type ScoreTable, showTable, type TableRow } from "./table";
import { argmax, mean, ranks, squaredDeviations, topIndices } from "../../numeric";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { LawError } from "../error";
import { designRow, fit, type FitOptions, predictorOf, rangeOf, scale } from "./regression";
import { isRecord } from "../../rules/json-text";

/**
 * Joins tables into one, for `law.fit` and `view.law`: benchmarks get the name of their table in front, `published: mme`, and each is
 * fitted by itself. Encoders of one name stay one, predictors are those that all tables have, and each table is a group.
 *
 * @param tables by name, for example `{ published: law.publishedTable(), miniature }`
 * @throws LawError for no table, or tables without a common predictor
 */
export function joinTables(tables: Readonly<Record<string, ScoreTable>>): ScoreTable {
  const where = "law.joinTables";
  if (!isRecord(tables)) throw new LawError(where, "tables must be an object of tables by name", tables);
  const entries = Object.entries(tables);
  if (!entries.length) throw new LawError(where, "there must be a table", 0);
  for (const [, table] of entries) checkTable(where, table);
  const predictors = entries[0][1].predictors.filter((name) =>
    entries.every(([, table]) => table.predictors.includes(name)),
  );
  if (!predictors.length)
    throw new LawError(
      where,
      "tables must have a common predictor",
      entries.map(([, table]) => table.predictors.join(" ")),
    );
  const named = (table: string, benchmark: string): string => `${table}: ${benchmark}`;
  const rows = entries.flatMap(([name, table]) =>
    table.rows.map((row): TableRow => {
      const kept = predictors.map((predictor) => [predictor, predictorOf(row, predictor, where)] as const);
      return { ...row, benchmark: named(name, row.benchmark), predictors: Object.fromEntries(kept) };
    }),
  );
  return described<ScoreTable>(
    {
      rows,
      encoders: [...new Set(rows.map(({ encoder }) => encoder))],
      benchmarks: [...new Set(rows.map(({ benchmark }) => benchmark))],
      predictors,
      groups: Object.fromEntries(entries.map(([name, table]) => [name, table.benchmarks.map((of) => named(name, of))])),
    },
    showTable,
  );
}

/** Prediction of one benchmark by the fit of another. */
export interface Transfer {
  /** Benchmark that was fitted. */
  from: string;
  /** Benchmark that is predicted. */
  to: string;
  /** Number of scored encoders of `to`. */
  n: number;
  /** 1 - Σ (predicted - score)² / Σ (score - mean)² in units of the range; negative where the mean predicts better. */
  r2: number;
  /** Rank correlation of predicted and measured scores (Spearman); null where all are equal. */
  spearman: number | null;
  /** True where the best encoder is among the three best predicted. */
  bestInTop3: boolean;
}

/** Options of `law.transfer`. */
export type TransferOptions = Pick<FitOptions, "predictors" | "degree" | "terms" | "ridge" | "cutoff">;

const NAMES: OptionNames<TransferOptions> = { predictors: true, degree: true, terms: true, ridge: true, cutoff: true };

/**
 * Predicts the scores of one table by fits of another, benchmark by benchmark: an out-of-sample test of the law (arXiv 2408.16357). Both
 * sides are scaled to the range of their encoders, because A, C and scores of different studies have different units; the fit's
 * coefficients are used unchanged.
 *
 * @param from table that is fitted
 * @param to table that is predicted
 * @returns every pair of benchmarks
 * @throws LawError as `law.fit`, or where `to` lacks a predictor
 */
export function transfer(from: ScoreTable, to: ScoreTable, options: TransferOptions = {}): Transfer[] {
  checkOptionNames("law.transfer", options, NAMES, LawError);
  checkTable("law.transfer", to);
  const fitted = fit(from, { ...options, normalize: "minmax" });
  return Object.entries(fitted.benchmarks).flatMap(([name, { terms, coefficients }]) =>
    to.benchmarks.map((benchmark) => {
      const rows = to.rows.filter((row) => row.benchmark === benchmark);
      return { from: name, to: benchmark, ...judge(rows, terms, coefficients) };
    }),
  );
}

function judge(
  rows: readonly TableRow[],
  terms: string[],
  [intercept, ...slopes]: readonly number[],
): Omit<Transfer, "from" | "to"> {
  const used = [...new Set(terms.flatMap((term) => term.split("*").map((name) => name.trim())))];
  const ranges = new Map(
    used.map((name) => [name, rangeOf(rows.map((row) => predictorOf(row, name, "law.transfer")))]),
  );
  const scored = rows.filter((row): row is TableRow & { score: number } => row.score !== null);
  if (scored.length < 2)
    throw new LawError("law.transfer", "a benchmark needs at least 2 scored encoders", scored.length);
  const range = rangeOf(scored.map(({ score }) => score));
  const scores = scored.map(({ score }) => scale(score, range));
  const predicted = scored.map((row) => {
    const scaled = [...ranges].map(([name, own]) => [name, scale(row.predictors[name], own)] as const);
    const design = designRow(terms, Object.fromEntries(scaled));
    return design.reduce((sum, value, j) => sum + value * slopes[j], intercept);
  });
  const error = scores.reduce((sum, score, i) => sum + (score - predicted[i]) ** 2, 0);
  return {
    n: scored.length,
    r2: 1 - error / squaredDeviations(scores),
    spearman: correlation(ranks(scores), ranks(predicted)),
    bestInTop3: topIndices(predicted, 3).includes(argmax(scores)),
  };
}

function correlation(a: readonly number[], b: readonly number[]): number | null {
  const [meanA, meanB] = [mean(a), mean(b)];
  const shared = a.reduce((sum, value, i) => sum + (value - meanA) * (b[i] - meanB), 0);
  const size = Math.sqrt(squaredDeviations(a) * squaredDeviations(b));
  return size > 0 ? shared / size : null;
}
