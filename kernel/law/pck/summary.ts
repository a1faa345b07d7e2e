import { type DisplayBundle, tabulate } from "../../display/describe";
import { LawError } from "../error";
import { checkArguments } from "../../rules/arguments";
import { mean } from "../../numeric";
import type { KeypointResult } from "./pck";
import { fixed } from "../words";
import { counted } from "../../protocol/core/words";

/** PCK in percent, one number per alpha. */
export interface PckSummary {
  alphas: number[];
  /** Plain mean over pairs, the figure of the Law paper. */
  perPair: number[];
  /** Share of correct keypoints, all pooled. */
  perPoint: number[];
  /** Mean of the category means. */
  perCategory: number[];
  categories: Record<string, number[]>;
  /** 95 % percentile bootstrap interval of `perPair` over pairs, one `[low, high]` per alpha. */
  interval: [low: number, high: number][];
  pairs: number;
  keypoints: number;
  /** Number of pairs without a keypoint visible in both images; they are skipped, not counted as zero. */
  skipped: number;
}

/** Results of one pair. */
export interface PairOutcome {
  category: string;
  results: KeypointResult[];
}

const RESAMPLES = 1000;

/**
 * Averages the outcomes of pairs, per pair, per keypoint and per category.
 *
 * @param alphas thresholds of the outcomes
 * @param seed seed of the bootstrap interval, default 1
 */
export function summarize(outcomes: PairOutcome[], alphas: number[], seed = 1): PckSummary {
  checkArguments(
    "law.summarize",
    LawError,
    { outcomes, alphas },
    { outcomes: [{ results: [{ correct: "list" }] }], alphas: "list" },
  );
  const scored = outcomes.filter((outcome) => outcome.results.length > 0);
  const rates = scored.map((outcome) => alphas.map((_, a) => rate(outcome.results, a)));
  const categories: Record<string, number[]> = {};
  for (const name of new Set(scored.map((outcome) => outcome.category))) {
    categories[name] = means(
      rates.filter((_, i) => scored[i].category === name),
      alphas.length,
    );
  }
  const points = scored.flatMap((outcome) => outcome.results);
  return {
    alphas,
    perPair: means(rates, alphas.length),
    perPoint: alphas.map((_, a) => rate(points, a)),
    perCategory: means(Object.values(categories), alphas.length),
    categories,
    interval: alphas.map((_, a) =>
      bootstrapInterval(
        Float64Array.from(rates, (row) => row[a]),
        seed,
      ),
    ),
    pairs: scored.length,
    keypoints: points.length,
    skipped: outcomes.length - scored.length,
  };
}

function rate(results: KeypointResult[], alpha: number): number {
  if (results.length === 0) return NaN;
  return (100 * results.filter((result) => result.correct[alpha]).length) / results.length;
}

function means(rows: number[][], width: number): number[] {
  return Array.from({ length: width }, (_, a) => mean(rows.map((row) => row[a])));
}

/** Returns the 95 % percentile bootstrap interval of a mean; NaN without values. */
export function bootstrapInterval(values: Float64Array, seed: number): [number, number] {
  if (values.length === 0) return [NaN, NaN];
  const random = uniform(seed);
  const resampled = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(random() * values.length)];
    return sum / values.length;
  }).sort((a, b) => a - b);
  const at = (quantile: number) => resampled[Math.floor(quantile * (RESAMPLES - 1))];
  return [at(0.025), at(0.975)];
}

/** Returns uniform numbers in [0, 1) from a 32-bit seed (splitmix32, Steele et al. 2014, finaliser of MurmurHash3). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Shows one line a threshold. */
export function showPck(title: string, pck: PckSummary): DisplayBundle {
  const { alphas, perPair, perPoint, perCategory, interval, pairs, keypoints, skipped } = pck;
  const left = skipped > 0 ? `, ${skipped} skipped` : "";
  return tabulate(
    `${title}: PCK in percent over ${counted(pairs, "pair")}, ${counted(keypoints, "keypoint")}${left}`,
    ["alpha", "per pair", "95 % interval", "per point", "per category"],
    alphas.map((alpha, a) => [
      String(alpha),
      fixed(perPair[a], 1),
      `${fixed(interval[a][0], 1)} to ${fixed(interval[a][1], 1)}`,
      fixed(perPoint[a], 1),
      fixed(perCategory[a], 1),
    ]),
  );
}
