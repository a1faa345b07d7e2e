import { checkOptionNames } from "../../../rules/option-names";
import { TaskError } from "../../error";
import { IGNORE } from "../facts";
import { checkLengths } from "./check";

/** Options of a {@link MaxF}. */
export interface MaxFOptions {
  /** Weight of precision against recall, above 0. Default 0.3 (Achanta et al., CVPR 2009). */
  betaSquared?: number;
}

/** Scores of saliency over a set. */
export interface MaxFResult {
  /** Largest F over the thresholds, 0..1. */
  readonly maxF: number;
  /** Threshold of the largest F. */
  readonly threshold: number;
  /** F at each threshold. */
  readonly curve: readonly { readonly threshold: number; readonly f: number }[];
}

const FN = "tasks.dense.MaxF";
const COUNT = 19;
/** Thresholds .05 to .95, in the single precision in which predictions are compared with them. */
const THRESHOLDS = Array.from({ length: COUNT }, (_, i) => Math.fround((i + 1) / (COUNT + 1)));

/**
 * Largest F of a saliency map over 19 thresholds, β² = 0.3 by default, with pixels pooled over a set: `add` takes a picture, `value` the
 * result so far. F is (1 + β²) P R / (β² P + R).
 */
export class MaxF {
  private readonly right = new Float64Array(COUNT);
  private readonly predicted = new Float64Array(COUNT);
  private labeled = 0;
  private readonly betaSquared: number;

  /** @throws TaskError for a weight that is not above 0 */
  constructor(options: MaxFOptions = {}) {
    checkOptionNames(FN, options, { betaSquared: true }, TaskError);
    const { betaSquared = 0.3 } = options;
    if (!(betaSquared > 0 && betaSquared < Infinity))
      throw new TaskError(FN, "betaSquared must be above 0", betaSquared);
    this.betaSquared = betaSquared;
  }

  /**
   * Adds one picture.
   *
   * @param prediction saliency of each pixel, 0..1
   * @param label 0, 1, or 255 for a pixel that does not count
   * @throws TaskError for a value outside these; nothing is counted then
   */
  add(prediction: ArrayLike<number>, label: ArrayLike<number>): void {
    checkLengths(FN, prediction, label);
    for (let at = 0; at < label.length; at++) check(prediction[at], label[at]);
    for (let at = 0; at < label.length; at++) {
      const truth = label[at];
      if (truth === IGNORE) continue;
      this.labeled += truth;
      this.count(Math.fround(prediction[at]), truth);
    }
  }

  private count(value: number, truth: number): void {
    for (let i = 0; i < COUNT && value >= THRESHOLDS[i]; i++) {
      this.predicted[i]++;
      this.right[i] += truth;
    }
  }

  /** Scores of the pictures so far; 0 where nothing salient was found. */
  value(): MaxFResult {
    const curve = THRESHOLDS.map((threshold, i) => ({ threshold, f: this.fAt(i) }));
    const best = curve.reduce((most, point) => (point.f > most.f ? point : most));
    return { maxF: best.f, threshold: best.threshold, curve };
  }

  private fAt(i: number): number {
    const right = this.right[i];
    if (right === 0) return 0;
    const precision = right / this.predicted[i];
    const recall = right / this.labeled;
    return ((1 + this.betaSquared) * precision * recall) / (this.betaSquared * precision + recall);
  }
}

function check(value: number, truth: number): void {
  if (truth !== 0 && truth !== 1 && truth !== IGNORE)
    throw new TaskError(FN, `a label must be 0, 1 or ${IGNORE}`, truth);
  if (!(value >= 0 && value <= 1)) throw new TaskError(FN, "a prediction must lie in 0..1", value);
}
