import { described, type DisplayBundle, tabulate, thousands } from "../display/describe";
import { wilson } from "../numeric";
import { confidenceText } from "../protocol/core/words";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { GroundingError } from "./error";
import { percent } from "./words";

/** Score of a prediction, and whether it is right. */
export interface ConfidenceSample {
  /** Score of the box, such as that of {@link predict}. */
  readonly score: number;
  /** True if its IoU with the truth is at least the threshold. */
  readonly correct: boolean;
}

/** Options of {@link confidence}. */
export interface ConfidenceOptions {
  /** Precision that the accepted predictions must have. Default 0.9. */
  precision?: number;
  /** Meet the precision by the lower end of its 95 % interval, or by its estimate. Default `interval`. */
  by?: "interval" | "estimate";
}

/** A point of a risk-coverage curve: predictions with a score of at least `threshold` are accepted. */
export interface ConfidencePoint {
  readonly threshold: number;
  /** Share of predictions that are accepted. */
  readonly coverage: number;
  /** Share of accepted predictions that are wrong. */
  readonly risk: number;
  /** 95 % interval of the precision, 1 - risk (Wilson 1927). */
  readonly interval: readonly [low: number, high: number];
}

/** Calibration of scores. Notebooks show it as a table of points of its curve. */
export interface Confidence {
  /** Points from the highest score to the lowest; predictions of one score are accepted together. */
  readonly curve: readonly ConfidencePoint[];
  /** Point of the largest coverage that meets the precision; null where none does. */
  readonly chosen: ConfidencePoint | null;
  /** Mean risk over all coverages (AURC; Geifman and El-Yaniv, arXiv 1705.08500). */
  readonly areaUnderCurve: number;
  readonly count: number;
}

const FN = "grounding.confidence";
const NAMES: OptionNames<ConfidenceOptions> = { precision: true, by: true };

/**
 * Calibrates scores on validation data: the risk-coverage curve (selective prediction; Geifman and El-Yaniv, arXiv 1705.08500, section 2),
 * and the threshold from which predictions have a wanted precision, with its interval. A person reviews those below it.
 *
 * @param samples of data that the model was not trained on
 * @throws GroundingError for no samples, a score that is not finite, a `correct` that is no boolean, or a precision outside (0, 1]
 */
export function confidence(samples: readonly ConfidenceSample[], options: ConfidenceOptions = {}): Confidence {
  checkOptionNames(FN, options, NAMES, GroundingError);
  const { precision = 0.9, by = "interval" } = options;
  if (!(precision > 0 && precision <= 1)) throw new GroundingError(FN, "precision must lie in (0, 1]", precision);
  if (by !== "interval" && by !== "estimate") throw new GroundingError(FN, "by must be interval or estimate", by);
  if (!Array.isArray(samples) || !samples.length) throw new GroundingError(FN, "there must be samples", samples);
  for (const sample of samples) checkSample(sample);
  const counted = curveOf(samples);
  const curve = counted.map(plainOf);
  // Not by 1 - risk: the difference of shares below one half is rounded.
  const meets = ({ correct, count, interval }: Counted): boolean =>
    (by === "interval" ? interval[0] : correct / count) >= precision;
  const chosen = curve[counted.findLastIndex(meets)] ?? null;
  const found: Confidence = { curve, chosen, areaUnderCurve: areaUnder(curve), count: samples.length };
  return described(found, (one) => curveTable(one, precision));
}

/** Shares of the predictions whose points a table shows, at least. */
const SHARES = [0.1, 0.2, 0.4, 0.6, 0.8, 1];

const HEAD = ["score from", "accepted", "precision", "95 % interval"];

function curveTable({ curve, chosen, areaUnderCurve, count }: Confidence, wanted: number): DisplayBundle {
  const found = chosen
    ? `a score from ${confidenceText(chosen.threshold)} has a precision of ${percent(wanted)}, and ${percent(chosen.coverage)} have it`
    : `no score has a precision of ${percent(wanted)}`;
  const points = new Set(SHARES.map((share) => curve.find(({ coverage }) => coverage >= share)));
  const rows = [...points].flatMap((point) => (point ? [pointRow(point)] : []));
  return tabulate(`${thousands(count)} predictions: ${found} (mean risk ${areaUnderCurve.toFixed(3)})`, HEAD, rows);
}

const pointRow = ({ threshold, coverage, risk, interval }: ConfidencePoint): string[] => [
  confidenceText(threshold),
  percent(coverage),
  percent(1 - risk),
  interval.map(percent).join(" – "),
];

function checkSample(sample: ConfidenceSample): void {
  const { score, correct } = Object(sample) as Partial<ConfidenceSample>;
  if (!Number.isFinite(score)) throw new GroundingError(FN, "scores must be finite", score);
  if (typeof correct !== "boolean") throw new GroundingError(FN, "correct must be true or false", correct);
}

/** A point with the numbers of accepted predictions, and of the right ones among them. */
interface Counted extends ConfidencePoint {
  readonly correct: number;
  readonly count: number;
}

const plainOf = ({ threshold, coverage, risk, interval }: Counted): ConfidencePoint => ({
  threshold,
  coverage,
  risk,
  interval,
});

function curveOf(samples: readonly ConfidenceSample[]): Counted[] {
  const sorted = [...samples].sort((a, b) => b.score - a.score);
  const points: Counted[] = [];
  let correct = 0;
  sorted.forEach((sample, i) => {
    correct += Number(sample.correct);
    if (i + 1 < sorted.length && sorted[i + 1].score === sample.score) return;
    const count = i + 1;
    const right = correct / count;
    const interval = wilson(right, count);
    points.push({
      threshold: sample.score,
      coverage: count / sorted.length,
      risk: 1 - right,
      interval,
      correct,
      count,
    });
  });
  return points;
}

/** Risk of each point, over the coverage that it adds. */
function areaUnder(curve: readonly ConfidencePoint[]): number {
  return curve.reduce((sum, { coverage, risk }, i) => sum + risk * (coverage - (i ? curve[i - 1].coverage : 0)), 0);
}
