import { sum } from "../../../numeric";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { TaskError } from "../../error";
import { IGNORE } from "../facts";
import { checkLengths } from "./check";
import { isWhole } from "../../../rules/rule-error";

/** Options of a {@link MeanIou}. */
export interface MeanIouOptions {
  /** Number of classes, 1 to 65535; classes are 0..classes - 1. */
  classes: number;
  /** Label of pixels that do not count. Default 255. */
  ignore?: number;
  /** Treatment of a class that occurs neither in predictions nor in labels: `zero` as the released multi-task code, `skip`. Default `zero`. */
  absent?: "zero" | "skip";
}

/** Scores of classes over a set. */
export interface MeanIouResult {
  /** Mean over classes, 0..1. */
  readonly mIoU: number;
  /** Intersection over union of each class, 0..1; NaN for an absent class. */
  readonly perClass: readonly number[];
  /** Share of pixels of the right class, 0..1. */
  readonly accuracy: number;
  /** Number of counted pixels. */
  readonly pixels: number;
}

const NAMES: OptionNames<MeanIouOptions> = { classes: true, ignore: true, absent: true };
const FN = "tasks.dense.MeanIou";
const MOST_CLASSES = 65535;

/**
 * Intersection over union of classes (Everingham et al., IJCV 88, 2010) with pixels pooled over a set: `add` takes a picture,
 * `value` the result so far.
 */
export class MeanIou {
  private readonly both: Float64Array;
  private readonly predicted: Float64Array;
  private readonly labeled: Float64Array;

  /** @throws TaskError for an option outside its range */
  constructor(private readonly options: MeanIouOptions) {
    checkOptionNames(FN, options, NAMES, TaskError);
    const { classes, absent = "zero" } = options;
    if (!isWhole(classes) || classes > MOST_CLASSES)
      throw new TaskError(FN, `classes must be a whole number of 1..${MOST_CLASSES}`, classes);
    if (absent !== "zero" && absent !== "skip") throw new TaskError(FN, "absent must be zero or skip", absent);
    this.both = new Float64Array(classes);
    this.predicted = new Float64Array(classes);
    this.labeled = new Float64Array(classes);
  }

  /**
   * Adds one picture.
   *
   * @param prediction class of each pixel
   * @param label class of each pixel, or the ignored value
   * @throws TaskError for a value outside the classes; nothing is counted then
   */
  add(prediction: ArrayLike<number>, label: ArrayLike<number>): void {
    checkLengths(FN, prediction, label);
    this.check(prediction, label);
    const { ignore = IGNORE } = this.options;
    for (let at = 0; at < label.length; at++) {
      const [guess, truth] = [prediction[at], label[at]];
      if (truth === ignore) continue;
      this.predicted[guess]++;
      this.labeled[truth]++;
      if (guess === truth) this.both[truth]++;
    }
  }

  /** Scores of the pictures so far; NaN before the first one. */
  value(): MeanIouResult {
    const { classes, absent = "zero" } = this.options;
    const perClass = Array.from(this.both, (both, i) => {
      const union = this.predicted[i] + this.labeled[i] - both;
      return union === 0 ? NaN : both / union;
    });
    const present = perClass.filter((iou) => !Number.isNaN(iou));
    const [pixels, right] = [sum(this.labeled), sum(this.both)];
    const count = absent === "zero" && pixels > 0 ? classes : present.length;
    return { mIoU: sum(present) / count, perClass, accuracy: right / pixels, pixels };
  }

  private check(prediction: ArrayLike<number>, label: ArrayLike<number>): void {
    const { classes, ignore = IGNORE } = this.options;
    const isClass = (value: number): boolean => isWhole(value, 0) && value < classes;
    for (let at = 0; at < label.length; at++) {
      const truth = label[at];
      if (truth === ignore) continue;
      if (!isClass(truth)) throw new TaskError(FN, `a label must be a class of 0..${classes - 1}, or ${ignore}`, truth);
      if (!isClass(prediction[at]))
        throw new TaskError(FN, `a prediction must be a class of 0..${classes - 1}`, prediction[at]);
    }
  }
}
