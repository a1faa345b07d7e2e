import { checkArguments } from "../rules/arguments";
import type { QuestionType } from "../data/world/language/questions";
import { StudyError } from "./error";
import type { AnswerScore } from "../tasks/answers/evaluate";
import { type SeedMean, seedMean } from "../tasks/seeds";
import type { AnswerStudy } from "./answers/results";

/** Summary of one method, in percent of right answers. */
export interface MethodSummary {
  method: string;
  seeds: number;
  all: SeedMean;
  byType: Partial<Record<QuestionType, SeedMean>>;
}

/**
 * Summarises each method over its seeds. The interval describes the variation between trainings, not between sets of
 * questions.
 */
export function summarize(study: AnswerStudy): MethodSummary[] {
  checkArguments(
    "studies.summarize",
    StudyError,
    { study },
    { study: { settings: { methods: ["object"] }, runs: ["object"] } },
  );
  const { runs, settings } = study;
  return settings.methods.flatMap(({ name: method }) => {
    const own = runs.filter((run) => run.method === method);
    return own.length
      ? [
          summaryOf(
            method,
            own.map(({ score }) => score),
          ),
        ]
      : [];
  });
}

function summaryOf(method: string, scores: readonly AnswerScore[]): MethodSummary {
  const types = Object.keys(scores[0].byType) as QuestionType[];
  const byType = types.map((type) => [type, seedMean(scores.map((score) => score.byType[type] as number))]);
  return {
    method,
    seeds: scores.length,
    all: seedMean(scores.map(({ all }) => all)),
    byType: Object.fromEntries(byType) as MethodSummary["byType"],
  };
}

/** Runs of a study whose scores are in percent. */
export interface ScoredStudy {
  readonly runs: readonly {
    readonly method: string;
    readonly seed: number;
    readonly score: { readonly all: number };
  }[];
}

/**
 * Returns the mean advantage of `method` over `other` with the same seed, in percentage points.
 *
 * @throws StudyError when the methods share no seed
 */
export function pairedDifference(study: ScoredStudy, method: string, other: string): SeedMean {
  checkArguments("studies.pairedDifference", StudyError, { study }, { study: { runs: ["object"] } });
  const { runs } = study;
  const of = (name: string): Map<number, number> =>
    new Map(runs.filter((run) => run.method === name).map(({ seed, score }) => [seed, score.all]));
  const [own, theirs] = [of(method), of(other)];
  const shared = [...own.keys()].filter((seed) => theirs.has(seed));
  if (!shared.length)
    throw new StudyError("studies.pairedDifference", `${method} and ${other} must share a seed`, [...own.keys()]);
  return seedMean(shared.map((seed) => (own.get(seed) as number) - (theirs.get(seed) as number)));
}
