import { Described, DISPLAY, type DisplayBundle, tabulate } from "../../display/describe";
import { mean, ranks } from "../../numeric";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { TaskError } from "../error";
import { isRecord } from "../../rules/json-text";

/**
 * The eight benchmarks of OpenCompass's multimodal leaderboard, each in percent: MMBench 1.1, MMStar, MMMU's validation split,
 * MathVista mini, OCRBench's points divided by 10, AI2D, HallusionBench, MMVet.
 */
export const opencompassBenchmarks = [
  "MMBench_V11",
  "MMStar",
  "MMMU_VAL",
  "MathVista",
  "OCRBench",
  "AI2D",
  "HallusionBench",
  "MMVet",
] as const;

/** Scores in percent by model and benchmark. */
export type BenchmarkScores = Readonly<Record<string, Readonly<Record<string, number | null | undefined>>>>;

/** Options of {@link leaderboard}. */
export interface LeaderboardOptions {
  /** Benchmarks in the order of the columns. Default: all of the first model, in its order. */
  benchmarks?: readonly string[];
  /** Cells without a score: refuse the table, or leave the model's mean and rank empty. Default `refuse`. */
  missing?: "refuse" | "empty";
  /** Column that orders the models, best first: a benchmark, `mean` or `rank`. Default `mean`. */
  sortBy?: string;
}

/** One model of a {@link Leaderboard}. */
export interface LeaderboardRow {
  model: string;
  scores: Readonly<Record<string, number | null>>;
  /** Plain mean of the benchmarks; null where one is missing. */
  mean: number | null;
  /** Mean over the benchmarks of the model's rank, 1 the best, equal scores sharing the mean of their ranks; null as `mean`. */
  rank: number | null;
}

const NAMES: OptionNames<LeaderboardOptions> = { benchmarks: true, missing: true, sortBy: true };
const FN = "tasks.answers.leaderboard";
/** Columns of a record beside the benchmarks. */
const OWN_COLUMNS: readonly string[] = ["model", "mean", "rank"];

/** Table of benchmarks and models, which shows itself in a notebook; `view.table(board.records())` shows it too. */
export class Leaderboard extends Described {
  /** @internal Use {@link leaderboard}. */
  constructor(
    readonly benchmarks: readonly string[],
    readonly rows: readonly LeaderboardRow[],
  ) {
    super();
  }

  /**
   * Returns the same table in another order.
   *
   * @param column a benchmark, `mean` or `rank`; models without a value come last
   * @throws TaskError for another column
   */
  sortedBy(column: string): Leaderboard {
    const columns = [...this.benchmarks, "mean", "rank"];
    if (!columns.includes(column)) throw new TaskError(FN, `columns are ${columns.join(", ")}`, column);
    const worst = column === "rank" ? Infinity : -Infinity;
    const keyOf = (row: LeaderboardRow): number =>
      (column === "mean" || column === "rank" ? row[column] : row.scores[column]) ?? worst;
    const sign = column === "rank" ? 1 : -1;
    const order = [...this.rows].sort((a, b) => (keyOf(a) === keyOf(b) ? 0 : sign * (keyOf(a) < keyOf(b) ? -1 : 1)));
    return new Leaderboard(this.benchmarks, order);
  }

  /** Returns a record for each model with columns `model`, each benchmark, `mean` and `rank`. */
  records(): Record<string, string | number | null>[] {
    return this.rows.map(({ model, scores, mean, rank }) => ({ model, ...scores, mean, rank }));
  }

  /** Shows the table in a notebook. */
  override [DISPLAY](): DisplayBundle {
    const cell = (value: number | null): string => (value === null ? "-" : value.toFixed(2));
    const rows = this.rows.map(({ model, scores, mean, rank }) => [
      model,
      ...this.benchmarks.map((name) => cell(scores[name])),
      cell(mean),
      cell(rank),
    ]);
    return tabulate("Benchmarks in percent", ["model", ...this.benchmarks, "mean", "mean rank"], rows);
  }
}

/**
 * Makes a table of benchmarks and models with the plain mean, as OpenCompass's leaderboard forms it (arXiv 2509.14033, tables of
 * SAIL-VL2), and the mean rank.
 *
 * @param scores percent by model, then by benchmark: `{ small: { MMBench: 61.2, MMMU: 34.0 } }`
 * @param options benchmarks and their order, what an absent score means, column to sort by
 * @returns rows best first; its display is the table
 * @example
 *     const scores = { small: { MMBench: 61.2, MMMU: 34.0 }, large: { MMBench: 70.1, MMMU: 41.5 } };
 *     tasks.answers.leaderboard(scores).rows[0].model // "large"
 * @throws TaskError for no model, a missing cell, a score outside 0..100 (OCRBench's points are divided by 10 first), a benchmark twice
 *   or by the name of another column, or an unknown column
 */
export function leaderboard(scores: BenchmarkScores, options: LeaderboardOptions = {}): Leaderboard {
  checkOptionNames(FN, options, NAMES, TaskError);
  const models = modelsOf(scores);
  const { benchmarks = Object.keys(scores[models[0]]), missing = "refuse", sortBy = "mean" } = options;
  checkBenchmarks(benchmarks);
  if (missing !== "refuse" && missing !== "empty") throw new TaskError(FN, "missing must be refuse or empty", missing);
  const cells = models.map((model) => benchmarks.map((name) => scoreOf(scores, model, name, missing)));
  const ranks = benchmarks.map((_, column) => ranksOf(cells.map((row) => row[column])));
  const rows = models.map((model, i): LeaderboardRow => {
    const isFull = cells[i].every((value) => value !== null);
    return {
      model,
      scores: Object.fromEntries(benchmarks.map((name, column) => [name, cells[i][column]])),
      mean: isFull ? mean(cells[i] as number[]) : null,
      rank: isFull ? mean(ranks.map((column) => column[i] as number)) : null,
    };
  });
  return new Leaderboard([...benchmarks], rows).sortedBy(sortBy);
}

function modelsOf(scores: BenchmarkScores): string[] {
  if (!isRecord(scores)) throw new TaskError(FN, "scores must be an object by model", scores);
  const models = Object.keys(scores);
  if (!models.length) throw new TaskError(FN, "there must be a model", 0);
  for (const model of models)
    if (!isRecord(scores[model]))
      throw new TaskError(FN, `the scores of ${model} must be an object by benchmark`, scores[model]);
  return models;
}

function checkBenchmarks(benchmarks: readonly string[]): void {
  if (!Array.isArray(benchmarks) || !benchmarks.every((name) => typeof name === "string"))
    throw new TaskError(FN, "benchmarks must be a list of names", benchmarks);
  if (!benchmarks.length) throw new TaskError(FN, "there must be a benchmark", 0);
  const own = benchmarks.find((name: string) => OWN_COLUMNS.includes(name));
  if (own !== undefined) throw new TaskError(FN, `a benchmark must not be called ${OWN_COLUMNS.join(", ")}`, own);
  const twice = benchmarks.find((name, i) => benchmarks.indexOf(name) !== i);
  if (twice !== undefined) throw new TaskError(FN, "each benchmark must stand once", twice);
}

function scoreOf(scores: BenchmarkScores, model: string, name: string, missing: "refuse" | "empty"): number | null {
  const value = Object.hasOwn(scores[model], name) ? scores[model][name] : null;
  if (value === null || value === undefined) {
    if (missing === "empty") return null;
    throw new TaskError(FN, `${model} must have a score of ${name}`, value ?? null);
  }
  if (typeof value !== "number" || !(value >= 0 && value <= 100))
    throw new TaskError(FN, `the score of ${model} on ${name} must be in percent, 0..100`, value);
  return value;
}

/** Ranks of a column, 1 for the largest; null without a value. */
function ranksOf(values: readonly (number | null)[]): (number | null)[] {
  const known = [...values.keys()].filter((i) => values[i] !== null);
  const places = ranks(known.map((i) => -(values[i] as number)));
  const byRow = new Map(known.map((i, at) => [i, places[at]]));
  return values.map((_, i) => byRow.get(i) ?? null);
}

/**
 * Returns OpenCompass's average: the plain mean of {@link opencompassBenchmarks}.
 *
 * @param scores in percent by benchmark
 * @throws TaskError for a missing benchmark or a score outside 0..100
 */
export function opencompassMean(scores: Readonly<Record<(typeof opencompassBenchmarks)[number], number>>): number {
  const [row] = leaderboard({ model: scores }, { benchmarks: opencompassBenchmarks }).rows;
  return row.mean as number;
}
