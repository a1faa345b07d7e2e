import { described, type DisplayBundle, tabulate } from "../../display/describe";
import { mean } from "../../numeric";
import { LawError } from "../error";
import { plan, type PlanOptions } from "./plan";
import { rangeOf } from "../fit/regression";
import { checkTable, type ScoreTable } from "../fit/table";
import { fixed, percent } from "../words";

/** One walk of the planner over a finished table. */
export interface PlanRun {
  /** Encoders in the order of training; the first was given, the planner chose the others. */
  trained: string[];
  best: string;
  /** Gap between the best trained score and the best score of the table, as a share of the table's range. */
  regret: number;
}

/** Means over the runs; `found` is the share of runs that trained the best encoder. */
export interface PlanReplaySummary {
  meanTrained: number;
  found: number;
  meanRegret: number;
}

/** Result of `law.replayPlan`. */
export interface PlanReplay {
  benchmarks: Record<string, PlanReplaySummary & { runs: PlanRun[] }>;
  overall: PlanReplaySummary;
}

/**
 * Replays the planner on a finished table, as the AC policy is replayed (arXiv 2408.16357). For each benchmark it starts once from every encoder, follows `law.plan`
 * until it stops, and is judged by the scores it did not see.
 *
 * @param table a complete table
 * @param options options of `plan`
 * @throws LawError when a score is missing
 */
export function replayPlan(table: ScoreTable, options: Omit<PlanOptions, "benchmark" | "range"> = {}): PlanReplay {
  checkTable("law.replayPlan", table);
  const missing = table.rows.find((row) => row.score === null);
  if (missing) {
    throw new LawError("law.replayPlan", "every encoder needs a score", `${missing.encoder}, ${missing.benchmark}`);
  }
  const entries = table.benchmarks.map((name): [string, PlanReplay["benchmarks"][string]] => {
    const rows = table.rows.filter((row) => row.benchmark === name);
    const one = { ...table, rows, benchmarks: [name], encoders: rows.map((row) => row.encoder) };
    const runs = one.encoders.map((first) => walk(one, first, options));
    return [name, { ...summarizeRuns(runs), runs }];
  });
  const overall = summarizeRuns(entries.flatMap(([, of]) => of.runs));
  return described<PlanReplay>({ benchmarks: Object.fromEntries(entries), overall }, showPlanReplay);
}

function walk(table: ScoreTable, first: string, options: PlanOptions): PlanRun {
  const trained = [first];
  for (;;) {
    const rows = table.rows.map((row) => (trained.includes(row.encoder) ? row : { ...row, score: null }));
    const { next } = plan({ ...table, rows }, options);
    if (next === null) break;
    trained.push(next);
  }
  const score = new Map(table.rows.map((row) => [row.encoder, row.score as number]));
  const of = (name: string) => score.get(name) as number;
  const best = trained.reduce((a, b) => (of(b) > of(a) ? b : a));
  const [min, max] = rangeOf([...score.values()]);
  return { trained, best, regret: max > min ? (max - of(best)) / (max - min) : 0 };
}

function summarizeRuns(runs: PlanRun[]): PlanReplaySummary {
  const meanOf = (of: (run: PlanRun) => number) => mean(runs.map(of));
  return {
    meanTrained: meanOf((run) => run.trained.length),
    found: meanOf((run) => Number(run.regret === 0)),
    meanRegret: meanOf((run) => run.regret),
  };
}

/** Shows each benchmark's trainings, hits and regret. */
function showPlanReplay({ benchmarks, overall }: PlanReplay): DisplayBundle {
  const rows = Object.entries({ ...benchmarks, mean: overall }).map(([name, { meanTrained, found, meanRegret }]) => [
    name,
    fixed(meanTrained, 1),
    percent(found),
    percent(meanRegret),
  ]);
  return tabulate("Planner replayed", ["benchmark", "trainings", "best found", "regret, of the range"], rows);
}
