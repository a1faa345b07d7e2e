import { checkFinite, checkLengths } from "./check";

/** Scores of depth over a set. */
export interface DepthErrorResult {
  /** Root of the mean squared error, in the unit of the labels. */
  readonly rmse: number;
  /** Mean absolute error relative to the label. */
  readonly absRel: number;
  /** Number of counted pixels. */
  readonly pixels: number;
}

const FN = "tasks.dense.DepthError";
/** Largest counted depth, in metres. */
const FARTHEST = 80;
/** Depth in place of a predicted one at or below 0. */
const NEAREST = 1e-9;

/**
 * Error of depth (Eigen et al., arXiv 1406.2283) with pixels pooled over a set: `add` takes a picture, `value` the result so far. Labels above 0 and below 80
 * count; a predicted depth at or below 0 is taken as 1e-9.
 */
export class DepthError {
  private squares = 0;
  private shares = 0;
  private pixels = 0;

  /**
   * Adds one picture.
   *
   * @param prediction depth of each pixel
   * @param label depth of each pixel; 0 where it is not known
   * @throws TaskError for a value that is not finite; nothing is counted then
   */
  add(prediction: ArrayLike<number>, label: ArrayLike<number>): void {
    checkLengths(FN, prediction, label);
    for (let at = 0; at < label.length; at++) {
      checkFinite(FN, "a label", label[at]);
      checkFinite(FN, "a prediction", prediction[at]);
    }
    for (let at = 0; at < label.length; at++) this.count(prediction[at], label[at]);
  }

  private count(guess: number, truth: number): void {
    if (truth <= 0 || truth >= FARTHEST) return;
    const error = (guess > 0 ? guess : NEAREST) - truth;
    this.squares += error * error;
    this.shares += Math.abs(error) / truth;
    this.pixels++;
  }

  /** Scores of the pictures so far; NaN without any label. */
  value(): DepthErrorResult {
    const { squares, shares, pixels } = this;
    return { rmse: Math.sqrt(squares / pixels), absRel: shares / pixels, pixels };
  }
}
