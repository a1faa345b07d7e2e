import { C_SCORE_OPTIONS, type CScoreOptions } from "./c-score";
import { described } from "../../display/describe";
import { type PckSummary, showPck, summarize, uniform } from "./summary";
import { place, type Box, type Point } from "../../contracts/geometry";
import {
  placements,
  judge,
  alphasOf,
  checkAlphas,
  checkPlaced,
  type PckOptions,
  type PckPair,
  type PointPredictor,
  PAIR_KIND,
} from "./pck";
import { LawError } from "../error";
import { checkOptionNames } from "../../rules/option-names";
import { checkArguments } from "../../rules/arguments";

/** Predictor of points without an encoder. Every PCK table should show these rows beside its encoders. */
export type Baseline = "random-in-image" | "random-in-box" | "same-position" | "oracle-box";

/** Pair with boxes on both images. */
export type BoxedPair = PckPair & { readonly source: { readonly box: Box } };

/** Baselines, from blind to best informed. */
export const baselineNames: readonly Baseline[] = ["random-in-image", "random-in-box", "same-position", "oracle-box"];

/**
 * Returns the PCK of a baseline over `pairs` (SPair-71k, arXiv 1908.10543).
 *
 * - `random-in-image`: uniform over the canvas.
 * - `random-in-box`: uniform over the target box.
 * - `same-position`: the source position.
 * - `oracle-box`: the same relative position in the target box, with both boxes given; no encoder has the boxes.
 *
 * @param options those of `cScore`, so that one object serves both; thresholds and geometry count, and `seed` (default 1) fixes
 *   the random baselines
 * @throws LawError for an unknown baseline
 */
export function baseline(name: Baseline, pairs: readonly BoxedPair[], options: CScoreOptions = {}): PckSummary {
  checkOptionNames("law.baseline", options, C_SCORE_OPTIONS, LawError);
  checkAlphas("law.baseline", options);
  if (!baselineNames.includes(name))
    throw new LawError("law.baseline", `the baseline must be ${baselineNames.join(", ")}`, name);
  const kind = { ...PAIR_KIND, source: { ...PAIR_KIND.source, box: "list" } } as const;
  checkArguments("law.baseline", LawError, { pairs }, { pairs: [kind] });
  for (const pair of pairs) checkPlaced("law.baseline", pair, options);
  const random = uniform(options.seed ?? 1);
  const outcomes = pairs.map((pair) => ({
    category: pair.category,
    results: judge(pair, predictor(name, pair, random, options), options),
  }));
  const summary = summarize(outcomes, alphasOf(options), options.seed);
  return described(summary, (pck) => showPck(`Baseline ${name}`, pck));
}

function predictor(name: Baseline, pair: BoxedPair, random: () => number, options: PckOptions): PointPredictor {
  const lay = placements(pair, options);
  const canvas = options.canvas ?? 840;
  const corners = (box: Box, side: "source" | "target"): [Point, Point] => [
    place([box[0], box[1]], lay[side]),
    place([box[2], box[3]], lay[side]),
  ];
  const [low, high] = corners(pair.target.box, "target");
  switch (name) {
    case "random-in-image":
      return () => [random() * canvas, random() * canvas];
    case "random-in-box":
      return () => [mix(low[0], high[0], random()), mix(low[1], high[1], random())];
    case "same-position":
      return (source) => source;
    case "oracle-box": {
      const [from, to] = corners(pair.source.box, "source");
      return ([x, y]) => [
        mix(low[0], high[0], (x - from[0]) / (to[0] - from[0])),
        mix(low[1], high[1], (y - from[1]) / (to[1] - from[1])),
      ];
    }
    default:
      return name satisfies never;
  }
}

function mix(from: number, to: number, t: number): number {
  return from + (to - from) * t;
}
