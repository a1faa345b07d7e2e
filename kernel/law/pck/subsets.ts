import { distance } from "../../numeric";
import type { KeypointResult, PckPair } from "./pck";
import { summarize, type PairOutcome, type PckSummary } from "./summary";

/** Difficulty flag of a pair in SPair-71k. */
export type FlagName = "mirror" | "viewpointVariation" | "scaleVariation" | "truncation" | "occlusion";

export const flagNames: readonly FlagName[] = [
  "mirror",
  "viewpointVariation",
  "scaleVariation",
  "truncation",
  "occlusion",
];

/** Flags of a pair; `null` or absent where the data set has no value. */
export type PairFlags = Readonly<Partial<Record<FlagName, number | null>>>;

/** Groups of keypoint ids that look alike, by category, such as left and right eye. */
export type LookAlikes = Readonly<Record<string, readonly (readonly string[])[]>>;

/** PCK of a part of the pairs, one number per alpha. */
export type PckBreakdown = Pick<PckSummary, "perPair" | "perPoint" | "interval" | "pairs" | "keypoints">;

/** PCK by value of each flag that any pair carries; pairs without the flag are left out. */
export function byFlag(
  pairs: readonly { readonly flags?: PairFlags }[],
  outcomes: readonly PairOutcome[],
  alphas: number[],
  seed?: number,
): Partial<Record<FlagName, Record<string, PckBreakdown>>> {
  const entries = flagNames.flatMap((flag): [FlagName, Record<string, PckBreakdown>][] => {
    const values = pairs.map((pair) => pair.flags?.[flag] ?? null);
    const seen = [...new Set(values)].filter((value) => value !== null).sort((a, b) => a - b);
    if (seen.length === 0) return [];
    const part = (value: number) =>
      breakdown(
        outcomes.filter((_, i) => values[i] === value),
        alphas,
        seed,
      );
    return [[flag, Object.fromEntries(seen.map((value) => [String(value), part(value)]))]];
  });
  return Object.fromEntries(entries);
}

function breakdown(outcomes: PairOutcome[], alphas: number[], seed?: number): PckBreakdown {
  const { perPair, perPoint, interval, pairs, keypoints } = summarize(outcomes, alphas, seed);
  return { perPair, perPoint, interval, pairs, keypoints };
}

/**
 * PCK over keypoints that can be mistaken for a look-alike (geometry-aware subset of Zhang et al., arXiv 2311.17034). A
 * group counts when at least two members are visible in the target and at least one in both images; its members visible
 * in both are scored. Pairs without such a group count as skipped.
 */
export function geometryAware(
  pairs: readonly PckPair[],
  outcomes: readonly PairOutcome[],
  lookAlikes: LookAlikes,
  alphas: number[],
  seed?: number,
): PckSummary {
  const kept = outcomes.map(({ category, results }, i): PairOutcome => {
    const ids = ambiguousIds(pairs[i], lookAlikes[category] ?? []);
    return { category, results: results.filter((result) => ids.has(result.id)) };
  });
  return summarize(kept, alphas, seed);
}

function ambiguousIds({ source, target }: PckPair, groups: LookAlikes[string]): Set<string> {
  const counted = groups.filter((group) => group.filter((id) => target.keypoints[id]).length >= 2);
  return new Set(counted.flat().filter((id) => source.keypoints[id] && target.keypoints[id]));
}

/**
 * Percentage of left-right confusions, and of the like: keypoints with a look-alike that both images show whose prediction lies nearer to
 * the look-alike's place than to their own. PCK does not tell such an error from a miss (arXiv 2508.00746).
 *
 * @returns null where no pair shows two look-alikes
 */
export function confusions(outcomes: readonly PairOutcome[], lookAlikes: LookAlikes): number | null {
  const confused = outcomes.flatMap(({ category, results }) =>
    (lookAlikes[category] ?? []).flatMap((group) => confusedIn(results.filter(({ id }) => group.includes(id)))),
  );
  return percentTrue(confused);
}

/** Returns a flag for each of a group's keypoints: true where it lies nearer to another one's place. A single one has none. */
function confusedIn(members: readonly KeypointResult[]): boolean[] {
  if (members.length < 2) return [];
  return members.map((own) =>
    members.some(({ id, truth }) => id !== own.id && distance(own.predicted, truth) < own.distance),
  );
}

/** Share of keypoints whose match leads back to their cell, in percent; null without the option `reciprocal`. */
export function reciprocalRate(outcomes: readonly PairOutcome[]): number | null {
  return percentTrue(outcomes.flatMap(({ results }) => results.flatMap(({ reciprocal }) => reciprocal ?? [])));
}

function percentTrue(values: readonly boolean[]): number | null {
  return values.length ? (100 * values.filter(Boolean).length) / values.length : null;
}
