import { describe, described, type DisplayBundle } from "../../display/describe";
import { LawError } from "../error";
import { describePlan } from "./plan-words";
import { designRow, polynomialTerms, predictorOf, rangeOf, scale } from "../fit/regression";
import { beliefs, expectedImprovement, normalQuantile, predictiveVariances, probabilityAbove } from "./surrogate";
import { checkTable, type ScoreTable, type TableRow } from "../fit/table";
import { least, mean, most } from "../../numeric";
import { checkOptionNames, given, type OptionNames } from "../../rules/option-names";
import { isWhole } from "../../rules/rule-error";

/** Options of `law.plan`. */
export interface PlanOptions {
  /**
   * Benchmark of the table to plan for. Default: all, averaging an encoder's gains as shares of each benchmark's range.
   */
  benchmark?: string;
  /** Predictors by name. Default `["a", "c"]`. */
  predictors?: string[];
  /** Degree of the surrogate's polynomial. Default 2, as in the paper's policy. */
  degree?: 1 | 2;
  /**
   * Standard deviation of one measurement around the surrogate, as a share of the range of scores. Default 0.12, for
   * which the 90 % intervals of untrained encoders hold about nine in ten of the published scores along the planner's
   * walks.
   */
  noise?: number;
  /** Standard deviation of a coefficient before any training, as a share of the range of scores. Default 1. */
  prior?: number;
  /** Worst and best possible score of the one benchmark. Default: estimated from the trained scores. */
  range?: readonly [worst: number, best: number];
  /** Level of the two-sided intervals. Default 0.9. */
  level?: number;
  /** Stop when no encoder is expected to improve on the best by more than this share of the range. Default 0.01. */
  tolerance?: number;
  /**
   * Number of encoders trained first for their information, whatever their promise. Default 4: with fewer, a walk that
   * began with good encoders knows no poor ones and its intervals are too narrow.
   */
  explore?: number;
  /** Stop when this many encoders are trained. Default: no limit. */
  budget?: number;
}

/**
 * One encoder on one benchmark. Scores are in the units of the table, and `null` where too few encoders are trained to
 * predict.
 */
export interface PlanCandidate {
  encoder: string;
  /** The measured score; `null` when not trained. */
  score: number | null;
  predicted: number | null;
  low: number | null;
  high: number | null;
  /** Probability of beating the best trained score; `null` for trained encoders. */
  probability: number | null;
  /** Expected improvement over the best trained score; `null` for trained encoders. */
  improvement: number | null;
}

/** Plan of one benchmark. */
export interface PlanBenchmark {
  best: { encoder: string; score: number } | null;
  /** Range that shares refer to: given, or seen among the trained scores. */
  range: [worst: number, best: number] | null;
  candidates: PlanCandidate[];
}

/**
 * Phase of a plan.
 *
 * - `explore`: fewer encoders are trained than `explore` asks for, or too few to predict; the next encoder is the most
 *   informative about all others.
 * - `improve`: the next encoder has the largest expected improvement.
 * - `stop`: nothing is left to train.
 */
export type PlanPhase = "explore" | "improve" | "stop";

/** Result of `law.plan`. */
export interface Plan {
  phase: PlanPhase;
  /** Next encoder; `null` when the plan stops. */
  next: string | null;
  /** Reason of the plan in words and numbers. */
  reason: string;
  /** Largest expected improvement, as a share of the range; `null` where nothing can be predicted. */
  gain: number | null;
  trained: string[];
  /** Encoders without a score on a considered benchmark. */
  untrained: string[];
  benchmarks: Record<string, PlanBenchmark>;
  options: PlanSettings;
}

/** Options with their defaults filled in; `null` for no limit. */
export type PlanSettings = Required<Omit<PlanOptions, "range" | "budget" | "benchmark">> & {
  range: readonly [worst: number, best: number] | null;
  budget: number | null;
};

/** One benchmark as the surrogate's input. */
interface Field {
  rows: TableRow[];
  design: number[][];
  trained: number[];
  range: [number, number] | null;
}

/**
 * Chooses the next encoder to train, predicts each encoder's score and says when to stop. It uses a Bayesian linear
 * model on the polynomial of the min-max scaled predictors (see `beliefs`) and the largest expected improvement (Jones
 * et al., Journal of Global Optimization 13, 1998). A score of `null` is not measured yet. The plan is deterministic: ties go to the earlier encoder.
 *
 * The range of few trained scores is too small; without `range` the model uses the seen range times
 * `(n + 1) / (n - 1)`, which is right on average for uniform scores.
 *
 * @param table one row per encoder and benchmark
 * @throws LawError for an unknown benchmark or predictor, or an option out of range
 */
export function plan(table: ScoreTable, options: PlanOptions = {}): Plan {
  checkTable("law.plan", table);
  checkOptionNames("law.plan", options, NAMES, LawError);
  const settings = settingsOf(options);
  const names = benchmarksOf(table, options);
  const fields = names.map((name) => fieldOf(table, name, settings));
  const benchmarks = Object.fromEntries(names.map((name, i) => [name, predictField(fields[i], settings)]));
  const isTrained = (name: string) =>
    Object.values(benchmarks).every((of) => of.candidates.every((one) => one.encoder !== name || one.score !== null));
  const trained = table.encoders.filter(isTrained);
  const untrained = table.encoders.filter((name) => !isTrained(name));
  const decision = decide(fields, benchmarks, trained.length, untrained, settings);
  const found = { ...decision, trained, untrained, benchmarks, options: settings };
  return described<Plan>({ ...found, reason: describePlan(found) }, showPlan);
}

const NAMES: OptionNames<PlanOptions> = {
  benchmark: true,
  predictors: true,
  degree: true,
  noise: true,
  prior: true,
  range: true,
  level: true,
  tolerance: true,
  explore: true,
  budget: true,
};

function settingsOf({ benchmark, range, budget, ...rest }: PlanOptions): PlanSettings {
  const where = "law.plan";
  const defaults = { predictors: ["a", "c"], degree: 2 as const, noise: 0.12, prior: 1 };
  const settings = { ...defaults, level: 0.9, tolerance: 0.01, explore: 4, ...given(rest) };
  for (const name of ["noise", "prior"] as const) {
    if (!(settings[name] > 0)) throw new LawError(where, `${name} must be above 0`, settings[name]);
  }
  const { level, tolerance, explore } = settings;
  if (!(level > 0 && level < 1)) throw new LawError(where, "level must lie between 0 and 1", level);
  if (!(tolerance >= 0)) throw new LawError(where, "tolerance must be at least 0", tolerance);
  if (!isWhole(explore, 0)) {
    throw new LawError(where, "explore must be a whole number of at least 0", explore);
  }
  if (budget !== undefined && !isWhole(budget)) {
    throw new LawError(where, "budget must be a whole number above 0", budget);
  }
  if (range && !(range[1] > range[0]))
    throw new LawError(where, "range must be [worst, best], worst first", `${range}`);
  if (range && benchmark === undefined) throw new LawError(where, "range needs one benchmark to belong to", benchmark);
  return { ...settings, range: range ?? null, budget: budget ?? null };
}

function benchmarksOf(table: ScoreTable, { benchmark }: PlanOptions): string[] {
  if (benchmark === undefined) return table.benchmarks;
  if (table.benchmarks.includes(benchmark)) return [benchmark];
  throw new LawError("law.plan", `benchmark must be one of ${table.benchmarks.join(", ")}`, benchmark);
}

function fieldOf(table: ScoreTable, benchmark: string, { predictors, degree, range }: PlanSettings): Field {
  const rows = table.rows.filter((row) => row.benchmark === benchmark);
  const terms = polynomialTerms(predictors, degree);
  const scales = Object.fromEntries(
    predictors.map((name) => [name, rangeOf(rows.map((row) => predictorOf(row, name, "law.plan")))]),
  );
  const design = rows.map((row) =>
    designRow(terms, Object.fromEntries(predictors.map((name) => [name, scale(row.predictors[name], scales[name])]))),
  );
  const trained = rows.flatMap((row, i) => (row.score === null ? [] : [i]));
  const seen = trained.length < 2 ? null : rangeOf(trained.map((i) => rows[i].score as number));
  const known: [number, number] | null = range ? [range[0], range[1]] : seen && seen[1] > seen[0] ? seen : null;
  return { rows, design, trained, range: known };
}

function predictField(field: Field, settings: PlanSettings): PlanBenchmark {
  const { rows, trained, range } = field;
  const best = bestOf(field);
  const unknown = { predicted: null, low: null, high: null, probability: null, improvement: null };
  const nothing = rows.map(({ encoder, score }) => ({ encoder, score, ...unknown }));
  if (!best || !range) return { best, range, candidates: nothing };
  const unit = (range[1] - range[0]) * (settings.range ? 1 : (trained.length + 1) / (trained.length - 1));
  const scores = rows.map((row) => row.score ?? NaN);
  const believed = beliefs(field.design, trained, scores, {
    noise: settings.noise * unit,
    prior: settings.prior * unit,
  });
  const z = normalQuantile((1 + settings.level) / 2);
  const candidates = rows.map(({ encoder, score }, i): PlanCandidate => {
    const { mean, deviation } = believed[i];
    const open = score === null;
    return {
      encoder,
      score,
      predicted: mean,
      low: mean - z * deviation,
      high: mean + z * deviation,
      probability: open ? probabilityAbove(believed[i], best.score) : null,
      improvement: open ? expectedImprovement(believed[i], best.score) : null,
    };
  });
  return { best, range, candidates };
}

function bestOf({ rows, trained }: Field): PlanBenchmark["best"] {
  if (trained.length === 0) return null;
  const scores = trained.map((i) => rows[i].score as number);
  const score = most(scores);
  return { encoder: rows[trained[scores.indexOf(score)]].encoder, score };
}

function decide(
  fields: Field[],
  benchmarks: Record<string, PlanBenchmark>,
  trained: number,
  untrained: string[],
  settings: PlanSettings,
): Pick<Plan, "phase" | "next" | "gain"> {
  const all = Object.values(benchmarks);
  const gains = all.every((of) => of.range && of.best) ? untrained.map((name) => gainOf(all, name)) : null;
  const gain = gains && gains.length > 0 ? most(gains) : null;
  const spent = settings.budget !== null && trained >= settings.budget;
  if (untrained.length === 0 || spent) return { phase: "stop", next: null, gain };
  if (gains === null || gain === null || trained < settings.explore) {
    return { phase: "explore", next: mostInformative(fields, untrained, settings), gain };
  }
  if (gain < settings.tolerance) return { phase: "stop", next: null, gain };
  return { phase: "improve", next: untrained[gains.indexOf(gain)], gain };
}

/** Mean over the benchmarks of the expected improvement as a share of the range; a measured benchmark gains nothing. */
function gainOf(benchmarks: PlanBenchmark[], encoder: string): number {
  const shares = benchmarks.map(({ candidates, range }) => {
    const improvement = candidates.find((one) => one.encoder === encoder)?.improvement ?? 0;
    return range ? improvement / (range[1] - range[0]) : 0;
  });
  return mean(shares);
}

/**
 * Returns the encoder whose training leaves the smallest mean predictive variance over all encoders (V-optimal design).
 */
function mostInformative(fields: Field[], untrained: string[], { noise, prior }: PlanSettings): string {
  const remaining = untrained.map((encoder) => {
    const variances = fields.map(({ rows, design, trained }) => {
      const at = rows.findIndex((row) => row.encoder === encoder);
      const known = at < 0 || trained.includes(at) ? trained : [...trained, at];
      return known.length === 0 ? 0 : mean(predictiveVariances(design, known, { noise, prior }));
    });
    return mean(variances);
  });
  return untrained[remaining.indexOf(least(remaining))];
}

/** Shows the next step, its reason and what each benchmark knows. */
function showPlan({ next, phase, reason, trained, untrained, benchmarks }: Plan): DisplayBundle {
  return describe(next === null ? "Plan: stop" : `Plan: train ${next}`, [
    ["phase", phase],
    ["reason", reason],
    ["trained", trained.join(", ") || "-"],
    ["untrained", untrained.join(", ") || "-"],
    ...Object.entries(benchmarks).map(([name, { best }]): [string, string] => [
      `best on ${name}`,
      best ? `${best.encoder}, ${Number(best.score.toPrecision(5))}` : "-",
    ]),
  ]);
}
