import { StudyError } from "../error";
import { checkArguments } from "../../rules/arguments";
import { type SeedMean, seedMean } from "../../tasks/seeds";
import { phraseKinds, type PhraseKind, phraseLengths, type PhraseLength } from "./phrases";
import type { GroundingRun, GroundingStudy } from "./study";

/** Summary of one method over its seeds, in percent of right boxes. */
export interface GroundingSummary {
  method: string;
  /** Number of runs so far. */
  seeds: number;
  all: SeedMean;
  byKind: Partial<Record<PhraseKind, SeedMean>>;
  byLength: Partial<Record<PhraseLength, SeedMean>>;
  /** Weight W_dt of the decoder at the end; null where no branch teaches. */
  weight: SeedMean | null;
}

/**
 * Summarizes each method that has a run. The intervals describe the variation between trainings, not between sets of phrases.
 *
 * @param study results of `studies.groundingStudy`, finished or not
 */
export function summarizeGrounding(study: GroundingStudy): GroundingSummary[] {
  checkArguments(
    "studies.summarizeGrounding",
    StudyError,
    { study },
    { study: { settings: { methods: ["object"] }, runs: ["object"] } },
  );
  const { runs, settings } = study;
  return settings.methods.flatMap(({ name }) => {
    const own = runs.filter(({ method }) => method === name);
    return own.length ? [summaryOf(name, own)] : [];
  });
}

function summaryOf(method: string, runs: readonly GroundingRun[]): GroundingSummary {
  const weights = runs.flatMap(({ weight }) => weight ?? []);
  return {
    method,
    seeds: runs.length,
    all: seedMean(runs.map(({ score }) => score.all)),
    byKind: grouped(phraseKinds, runs, ({ score }) => score.byKind),
    byLength: grouped(phraseLengths, runs, ({ score }) => score.byLength),
    weight: weights.length ? seedMean(weights) : null,
  };
}

function grouped<G extends string>(
  groups: readonly G[],
  runs: readonly GroundingRun[],
  scoresOf: (run: GroundingRun) => Partial<Record<G, number>>,
): Partial<Record<G, SeedMean>> {
  const entries = groups.flatMap((group) => {
    const values = runs.flatMap((run) => scoresOf(run)[group] ?? []);
    return values.length ? [[group, seedMean(values)] as const] : [];
  });
  return Object.fromEntries(entries) as Partial<Record<G, SeedMean>>;
}
