import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { assign, type Pair } from "../assignment/dense";
import { TaskError } from "../error";
import { type CenterBox, generalizedIou, toCorners } from "./plain";

/** Predictions of one picture in plain numbers. */
export interface PlainBoxes {
  /** Probability of the foreground of each query. */
  scores: ArrayLike<number>;
  /** Box of each query: center and size as shares of the picture. */
  boxes: readonly CenterBox[];
}

/** Weights of a matcher's costs. */
export interface MatchCosts {
  /** Factor of the foreground's probability. Default 1. */
  class?: number;
  /** Factor of the L1 distance of center and size. Default 5. */
  l1?: number;
  /** Factor of the generalized IoU. Default 2. */
  giou?: number;
}

const NAMES: OptionNames<MatchCosts> = { class: true, l1: true, giou: true };

/** Sum of the absolute differences of centers and sizes. */
const distance = (a: CenterBox, b: CenterBox): number => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0);

/**
 * Pairs queries and targets of one picture by the least cost (DETR, arXiv 2005.12872, section 3.1):
 *
 *     -class · probability + l1 · Σ|a - b| - giou · GIoU(a, b)
 *
 * @returns pairs of query and target, as many as there are of the fewer
 * @throws TaskError for an unknown option, a factor below 0 or not finite, or costs that are not finite
 */
export function match(predictions: PlainBoxes, targets: readonly CenterBox[], costs: MatchCosts = {}): Pair[] {
  checkArguments(
    "tasks.boxes.match",
    TaskError,
    { predictions, targets },
    { predictions: { scores: "list", boxes: "array" }, targets: ["list"] },
  );
  const { scores, boxes } = predictions;
  checkOptionNames("tasks.boxes.match", costs, NAMES, TaskError);
  const { class: ofClass = 1, l1 = 5, giou = 2 } = costs;
  for (const [name, value] of Object.entries({ class: ofClass, l1, giou }))
    if (!(Number.isFinite(value) && value >= 0))
      throw new TaskError("tasks.boxes.match", `the cost ${name} must be a finite number of at least 0`, value);
  const corners = targets.map(toCorners);
  const matrix = boxes.flatMap((box, query) => {
    const own = toCorners(box);
    return targets.map(
      (target, i) => l1 * distance(box, target) - ofClass * scores[query] - giou * generalizedIou(own, corners[i]),
    );
  });
  return assign(matrix, [boxes.length, targets.length]);
}
