import type { Box } from "../../contracts/geometry";
import { wilson } from "../../numeric";
import { TaskError } from "../error";
import { checkBox, iou } from "./plain";

/** Precision of one split. */
export interface BoxPrecisionResult {
  /** Share of boxes whose IoU with the truth is at least the threshold; NaN of none. */
  readonly precision: number;
  readonly correct: number;
  readonly count: number;
  /** 95 % interval of the precision (Wilson 1927). */
  readonly interval: readonly [low: number, high: number];
  /** Mean IoU, NaN of none. */
  readonly meanIou: number;
}

interface Sums {
  correct: number;
  count: number;
  iou: number;
}

const FN = "tasks.boxes.BoxPrecision";

/**
 * Prec@0.5 of referring expressions (Yu et al., arXiv 1608.00272, section 5): the share of expressions whose box has an IoU of at least
 * the threshold with the truth, pooled over a split, however it was batched. `add` takes an expression, `value` gives the result so far.
 */
export class BoxPrecision {
  private readonly sums = new Map<string, Sums>();

  /**
   * @param threshold IoU of a correct box, itself included. Default 0.5
   * @throws TaskError for a threshold outside (0, 1]
   */
  constructor(readonly threshold = 0.5) {
    if (!(Number.isFinite(threshold) && threshold > 0 && threshold <= 1))
      throw new TaskError(FN, "threshold must lie in (0, 1]", threshold);
  }

  /**
   * Adds one expression.
   *
   * @param box predicted corners, of the same frame as the truth
   * @param truth corners
   * @param split name of a row of {@link table}. Default `all`
   * @returns overlap, and whether it makes the box a correct one
   * @throws TaskError for corners that are not finite; nothing is counted then
   */
  add(box: Box, truth: Box, split = "all"): { iou: number; correct: boolean } {
    for (const one of [box, truth]) checkBox(FN, one);
    const overlap = iou(box, truth);
    const own = this.sums.get(split) ?? { correct: 0, count: 0, iou: 0 };
    this.sums.set(split, own);
    own.count++;
    own.iou += overlap;
    const correct = overlap >= this.threshold;
    if (correct) own.correct++;
    return { iou: overlap, correct };
  }

  /** Precision over all splits together. */
  value(): BoxPrecisionResult {
    const pooled = { correct: 0, count: 0, iou: 0 };
    for (const { correct, count, iou } of this.sums.values()) {
      pooled.correct += correct;
      pooled.count += count;
      pooled.iou += iou;
    }
    return resultOf(pooled);
  }

  /** Precision of each split, in the order in which they came. */
  table(): Record<string, BoxPrecisionResult> {
    return Object.fromEntries([...this.sums].map(([split, sums]) => [split, resultOf(sums)]));
  }
}

function resultOf({ correct, count, iou }: Sums): BoxPrecisionResult {
  const precision = correct / count;
  return { precision, correct, count, interval: count ? wilson(precision, count) : [0, 1], meanIou: iou / count };
}
