import { checkArguments } from "../../../rules/arguments";
import { TaskError } from "../../error";
import { type DenseTask, FACTS } from "../facts";
import { DepthError } from "../metrics/depth-error";
import { MaxF } from "../metrics/max-f";
import { MeanIou } from "../metrics/mean-iou";
import { NormalError } from "../metrics/normal-error";
import type { CellLabels } from "./probe";

interface Meter {
  add(prediction: ArrayLike<number>, label: ArrayLike<number>): void;
  score(): number;
}

/** Makes the meter of a task: shares for classes and masks, degrees for normals, metres for depth. */
function meterOf(task: DenseTask, classes: number | undefined): Meter {
  const made = (meter: Omit<Meter, "score">, score: () => number): Meter => ({ add: meter.add.bind(meter), score });
  if (task === "saliency" || task === "boundary") {
    const meter = new MaxF(task === "boundary" ? { betaSquared: 1 } : {});
    return made(meter, () => meter.value().maxF);
  }
  if (task === "normals") {
    const meter = new NormalError();
    return made(meter, () => meter.value().mErr);
  }
  if (task === "depth") {
    const meter = new DepthError();
    return made(meter, () => meter.value().rmse);
  }
  const meter = new MeanIou({ classes: classes ?? 0, absent: "skip" });
  return made(meter, () => meter.value().mIoU);
}

/**
 * Scores of a dense probe on cells, pooled over pictures: mean intersection over union of the classes that occur, maxF of
 * saliency, the largest F of boundaries without tolerance, mean angle, root mean square. Cells are coarser than pixels: scores
 * compare features, not models.
 */
export class DenseProbeScore {
  private readonly meters: Map<DenseTask, Meter>;

  /** @param classes numbers of classes of semantic segmentation and parts */
  constructor(tasks: readonly DenseTask[], classes: Readonly<Partial<Record<DenseTask, number>>> = {}) {
    checkArguments("tasks.dense.DenseProbeScore", TaskError, { tasks }, { tasks: "array" });
    this.meters = new Map(tasks.map((task) => [task, meterOf(task, classes[task])]));
  }

  /**
   * Adds one picture.
   *
   * @throws TaskError for a task without prediction or label, or values outside their range
   */
  add(prediction: CellLabels, label: CellLabels): void {
    for (const [task, meter] of this.meters) {
      const [guess, truth] = [prediction[task], label[task]];
      if (!guess || !truth) throw new TaskError("tasks.dense.DenseProbeScore.add", `${task} must be there`, "none");
      meter.add(guess, truth);
    }
  }

  /** Returns the score of each task so far. */
  value(): Partial<Record<DenseTask, number>> {
    return Object.fromEntries([...this.meters].map(([task, meter]) => [task, meter.score()]));
  }
}

/** Tests whether a score of a task is better than another. */
export const isBetter = (task: DenseTask, a: number, b: number): boolean => (FACTS[task].lowerIsBetter ? a < b : a > b);
