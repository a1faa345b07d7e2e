import { TaskError } from "../../error";
import { checkFinite, checkLengths } from "./check";

/** Scores of surface normals over a set. */
export interface NormalErrorResult {
  /** Mean angle in degrees. */
  readonly mErr: number;
  /** Shares of pixels with an angle below 11.25, 22.5 and 30 degrees, 0..1. */
  readonly within: readonly [number, number, number];
  /** Number of counted pixels. */
  readonly pixels: number;
}

const FN = "tasks.dense.NormalError";
const CHANNELS = 3;
type Vector = readonly [x: number, y: number, z: number];
const BOUNDS = [11.25, 22.5, 30] as const;

/**
 * Mean angle between predicted and true surface normals (Eigen and Fergus, arXiv 1411.4734) with pixels pooled over a set: `add` takes a picture, `value` the
 * result so far. The angle of unit vectors is 2 atan2(|p - g|, |p + g|), exact for small angles too.
 */
export class NormalError {
  private sum = 0;
  private pixels = 0;
  private readonly below = new Float64Array(BOUNDS.length);

  /**
   * Adds one picture.
   *
   * @param prediction [pixels, 3], of any length above 0; a vector of zeros is 90 degrees away from everything
   * @param label [pixels, 3]; a vector of zeros does not count
   * @throws TaskError for values that are not finite, or no vectors of 3; nothing is counted then
   */
  add(prediction: ArrayLike<number>, label: ArrayLike<number>): void {
    checkLengths(FN, prediction, label);
    if (label.length % CHANNELS !== 0) throw new TaskError(FN, "normals have 3 channels", label.length);
    for (let at = 0; at < label.length; at++) {
      checkFinite(FN, "a label", label[at]);
      checkFinite(FN, "a prediction", prediction[at]);
    }
    for (let at = 0; at < label.length; at += CHANNELS) this.count(unitAt(prediction, at), unitAt(label, at));
  }

  private count(guess: Vector | null, truth: Vector | null): void {
    if (!truth) return;
    const angle = guess ? degreesBetween(guess, truth) : 90;
    this.sum += angle;
    this.pixels++;
    BOUNDS.forEach((bound, i) => angle < bound && this.below[i]++);
  }

  /** Scores of the pictures so far; NaN without any label. */
  value(): NormalErrorResult {
    const { sum, pixels, below } = this;
    const share = (i: number): number => below[i] / pixels;
    return { mErr: sum / pixels, within: [share(0), share(1), share(2)], pixels };
  }
}

function unitAt(values: ArrayLike<number>, at: number): Vector | null {
  const [x, y, z] = [values[at], values[at + 1], values[at + 2]];
  const length = Math.hypot(x, y, z);
  return length > 0 ? [x / length, y / length, z / length] : null;
}

function degreesBetween(a: Vector, b: Vector): number {
  const apart = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  const along = Math.hypot(a[0] + b[0], a[1] + b[1], a[2] + b[2]);
  return (2 * Math.atan2(apart, along) * 180) / Math.PI;
}
