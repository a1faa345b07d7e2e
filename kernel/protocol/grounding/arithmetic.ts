import { argmax, boxF1, iou } from "../../numeric";
import type { Box } from "../core/geometry";
import type { GroundingAnswer, GroundingBox, GroundingBranchName } from "./payload";

/** Overlap from which a box is right, itself included: IoU of one target, GIoU of any number. */
export const RIGHT_OVERLAP = 0.5;

/** Scores of the phrases whose boxes are known. */
export interface GroundingScores {
  /** Phrases with exactly one box, and those of them whose best box has an IoU of at least one half. */
  single: number;
  precise: number;
  /** Phrases with known boxes, and those whose boxes above the threshold are all right and complete (F1 = 1). */
  count: number;
  exact: number;
  /** Phrases without a target, and those for which no box is above the threshold (N-acc). */
  withoutTarget: number;
  silent: number;
}

/** Returns the box of the highest score. */
export function bestBox(boxes: readonly GroundingBox[]): GroundingBox {
  return boxes[argmax(boxes.map(({ score }) => score))];
}

/** Returns the boxes that count as predicted: the only one of a model with one query, else those from the threshold on. */
export function predictedBoxes(boxes: readonly GroundingBox[], threshold: number): GroundingBox[] {
  return boxes.length === 1 ? [...boxes] : boxes.filter(({ score }) => score >= threshold);
}

/** Returns the largest IoU of a box with any of the true ones; undefined where there are none. */
export function truthOverlap(box: Box, truth: readonly Box[] | undefined): number | undefined {
  return truth?.length ? truth.reduce((most, one) => Math.max(most, iou(box, one)), 0) : undefined;
}

/** Scores one branch on answers; those without known boxes do not count. */
export function scoreAnswers(
  answers: readonly GroundingAnswer[],
  branch: GroundingBranchName,
  threshold: number,
): GroundingScores {
  const scores: GroundingScores = { single: 0, precise: 0, count: 0, exact: 0, withoutTarget: 0, silent: 0 };
  for (const { boxes, truth } of answers) {
    const found = boxes[branch];
    if (!found || !truth) continue;
    const predicted = found.filter(({ score }) => score >= threshold).map(({ box }) => box);
    const isExact = boxF1(predicted, truth, RIGHT_OVERLAP) === 1;
    scores.count++;
    scores.exact += Number(isExact);
    scores.withoutTarget += Number(truth.length === 0);
    scores.silent += Number(truth.length === 0 && isExact);
    if (truth.length !== 1) continue;
    scores.single++;
    scores.precise += Number(iou(bestBox(found).box, truth[0]) >= RIGHT_OVERLAP);
  }
  return scores;
}
