import type { Box } from "../../contracts/geometry";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { TaskError } from "../error";
import { checkBox, generalizedIou, iou } from "./plain";
import { boxF1 } from "../../numeric/boxes";

/** A predicted box with its score. */
export interface ScoredBox {
  /** Corners. */
  readonly box: Box;
  /** Probability of the foreground, 0 to 1. */
  readonly score: number;
}

/** Options of {@link GeneralizedScore}. */
export interface GeneralizedScoreOptions {
  /** Score from which a box counts as predicted, itself included. Default 0.7. */
  score?: number;
  /** Overlap from which a box is right, itself included. Default 0.5. */
  threshold?: number;
  /** Kind of overlap. Default `giou`, as SimVG's release. */
  overlap?: "giou" | "iou";
}

/** Scores of expressions that may have no target or several. */
export interface GeneralizedResult {
  /** Share of expressions whose boxes are all right and complete (F1 = 1); NaN of none. */
  readonly f1: number;
  /** Share of the expressions without target for which nothing is predicted; NaN of none. */
  readonly noTargetAccuracy: number;
  readonly count: number;
  /** Number of expressions without target. */
  readonly withoutTarget: number;
}

const FN = "tasks.boxes.GeneralizedScore";
const NAMES: OptionNames<GeneralizedScoreOptions> = { score: true, threshold: true, overlap: true };

/**
 * Scores of generalized referring expressions (gRefCOCO; He et al., arXiv 2308.16182, section 4.2), pooled over a set. Boxes and targets
 * are paired by the largest overlap first. An expression counts where F1 = 2 TP / (2 TP + FP + FN) is 1; N-acc is TP / (TP + FN) of the
 * expressions without target. `add` takes an expression, `value` gives the result so far.
 */
export class GeneralizedScore {
  private readonly options: Required<GeneralizedScoreOptions>;
  private count = 0;
  private exact = 0;
  private withoutTarget = 0;
  private silent = 0;

  /** @throws TaskError for an unknown option, or one outside its range */
  constructor(options: GeneralizedScoreOptions = {}) {
    checkOptionNames(FN, options, NAMES, TaskError);
    const { score = 0.7, threshold = 0.5, overlap = "giou" } = options;
    for (const [name, value] of [
      ["score", score],
      ["threshold", threshold],
    ] as const)
      if (!(Number.isFinite(value) && value >= 0 && value <= 1))
        throw new TaskError(FN, `${name} must lie in [0, 1]`, value);
    if (overlap !== "giou" && overlap !== "iou") throw new TaskError(FN, "overlap must be giou or iou", overlap);
    this.options = { score, threshold, overlap };
  }

  /**
   * Adds one expression and returns its F1.
   *
   * @param predictions every box of the model; those below the score do not count
   * @param targets corners; none for an expression without target
   * @throws TaskError for corners or a score that are not finite; nothing is counted then
   */
  add(predictions: readonly ScoredBox[], targets: readonly Box[]): number {
    checkExpression(predictions, targets);
    const boxes = predictions.filter(({ score }) => score >= this.options.score).map(({ box }) => box);
    const measure = this.options.overlap === "giou" ? generalizedIou : iou;
    const f1 = boxF1(boxes, targets, this.options.threshold, measure);
    this.count++;
    if (f1 === 1) this.exact++;
    if (targets.length) return f1;
    this.withoutTarget++;
    this.silent += f1;
    return f1;
  }

  /** Scores so far. */
  value(): GeneralizedResult {
    const { count, exact, withoutTarget, silent } = this;
    return { f1: exact / count, noTargetAccuracy: silent / withoutTarget, count, withoutTarget };
  }
}

function checkExpression(predictions: readonly ScoredBox[], targets: readonly Box[]): void {
  for (const [name, value] of Object.entries({ predictions, targets }))
    if (!Array.isArray(value)) throw new TaskError(FN, `${name} must be a list`, value);
  for (const one of predictions as readonly (ScoredBox | null | undefined)[]) {
    checkBox(FN, one?.box);
    if (!Number.isFinite(one?.score)) throw new TaskError(FN, "a score must be a finite number", one?.score);
  }
  for (const target of targets) checkBox(FN, target);
}
