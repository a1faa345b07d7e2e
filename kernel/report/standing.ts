import { LawError } from "../law/error";
import { fit, predict, type TableFit } from "../law/fit/regression";
import type { ScoreTable } from "../law/fit/table";
import { type Plan, plan } from "../law/plan/plan";

/** One benchmark of the table: the encoder's score beside the law's. Scores are in the units of the table. */
export interface LawStandingRow {
  benchmark: string;
  /** Measured score; null for an encoder that is not trained. */
  score: number | null;
  /** Prediction of the fit, with the interval of a new measurement where the fit leaves a degree of freedom. */
  predicted: number;
  low: number | null;
  high: number | null;
  /** Prediction of a fit without this encoder; null where it is not trained, or the fit cannot be made without it. */
  leftOut: number | null;
  /** In-sample R² of the benchmark's fit, and its leave-one-out Q². */
  r2: number;
  looQ2: number | null;
}

/** Place of an encoder on the law's line, and the plan for the table. */
export interface LawStanding {
  /** Name of the encoder's row; null where the table has none. */
  row: string | null;
  rows: LawStandingRow[];
  /** Reason for missing rows, a sentence. */
  problem: string | null;
  fit: TableFit | null;
  plan: Plan;
}

/** Finds an encoder's place by its row in a table. */
export function standingOf(table: ScoreTable, name: string): LawStanding {
  const row = table.encoders.includes(name) ? name : null;
  const planned = plan(table);
  try {
    const fitted = fit(table);
    const rows = row === null ? [] : table.benchmarks.flatMap((benchmark) => rowOf(table, fitted, benchmark, row));
    const problem =
      row === null
        ? `The table has no row of ${name}. A place on the law needs its A and C scores, measured as the table's were.`
        : null;
    return { row, rows, problem, fit: fitted, plan: planned };
  } catch (error) {
    if (!(error instanceof LawError)) throw error;
    return { row, rows: [], problem: `The law cannot be fitted: ${error.message}.`, fit: null, plan: planned };
  }
}

function rowOf(table: ScoreTable, fitted: TableFit, benchmark: string, encoder: string): LawStandingRow[] {
  const found = table.rows.find((row) => row.benchmark === benchmark && row.encoder === encoder);
  if (!found) return [];
  const model = fitted.benchmarks[benchmark];
  const { value, low, high } = predict(model, found.predictors);
  const { r2, looQ2 } = model;
  const leftOut = inUnits(model.looPredictions[encoder], model.scales.score);
  return [{ benchmark, score: found.score, predicted: value, low, high, leftOut, r2, looQ2 }];
}

const inUnits = (share: number | null | undefined, [min, max]: readonly [number, number]): number | null =>
  share === null || share === undefined ? null : min + share * (max - min);
