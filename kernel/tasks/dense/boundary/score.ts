import { sum } from "../../../numeric";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { TaskError } from "../../error";
import { correspond } from "./correspond";
import { averagePrecision, bestPoint, type BoundaryCounts, type BoundaryPoint, pointAt } from "./curve";
import { suppress, type SuppressOptions } from "./nms";
import { thin } from "./thin";
import { isWhole } from "../../../rules/rule-error";

/** Options of a {@link BoundaryScore}. */
export interface BoundaryOptions {
  /** Largest distance of a pair, as a share of the picture's diagonal. Default 0.0075; NYUv2 is scored with 0.011. */
  maxDist?: number;
  /** Number of thresholds, k / (n + 1) for k = 1..n, or the ascending thresholds themselves. Default 99. */
  thresholds?: number | readonly number[];
  /** Thins the thresholded prediction. Default true. */
  thin?: boolean;
  /** Non-maximum suppression of the prediction first, for a network's raw output. Default false. */
  nms?: boolean | SuppressOptions;
}

/** Scores of boundaries over a set. */
export interface BoundaryResult {
  /** F at the best threshold of the whole set: the odsF of the tables, 0..1. */
  readonly odsF: number;
  readonly ods: BoundaryPoint;
  /** F with the best threshold of each picture, 0..1. */
  readonly oisF: number;
  /** Average precision, 0..1. */
  readonly ap: number;
  /** Precision and recall at each threshold. */
  readonly curve: readonly BoundaryPoint[];
}

/** Soft or binary map of one picture. */
export interface BoundaryMap {
  /** [height, width], row-major; boundaries 0..1 in a prediction, nonzero in a label. */
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

const NAMES: OptionNames<BoundaryOptions> = { maxDist: true, thresholds: true, thin: true, nms: true };
const FN = "tasks.dense.BoundaryScore";
const NOTHING: BoundaryCounts = { predicted: 0, correct: 0, labeled: 0, found: 0 };

/**
 * Boundary scores of the BSDS benchmark (Arbeláez et al., PAMI 33(5), 2011), without MATLAB: predictions are thresholded and
 * thinned, their pixels are paired with the label's by an exact assignment, and counts are pooled over pictures. `add` takes a
 * picture, `value` the result so far.
 */
export class BoundaryScore {
  readonly thresholds: readonly number[];
  private readonly maxDist: number;
  private readonly totals: BoundaryCounts[];
  private readonly best: BoundaryCounts = { ...NOTHING };

  /** @throws TaskError for an option outside its range */
  constructor(private readonly options: BoundaryOptions = {}) {
    checkOptionNames(FN, options, NAMES, TaskError);
    const { maxDist = 0.0075 } = options;
    if (!(maxDist > 0 && maxDist <= 1)) throw new TaskError(FN, "maxDist must lie in (0, 1]", maxDist);
    this.maxDist = maxDist;
    this.thresholds = thresholdsOf(options.thresholds ?? 99);
    this.totals = this.thresholds.map(() => ({ ...NOTHING }));
  }

  /**
   * Adds one picture.
   *
   * @param prediction soft boundaries, 0..1
   * @param labels one map or those of several annotators
   * @returns the picture's own best point
   * @throws TaskError for maps of another size, or a prediction outside 0..1
   */
  add(prediction: BoundaryMap, labels: BoundaryMap | readonly BoundaryMap[]): BoundaryPoint {
    const { width, height } = prediction;
    checkMap("the prediction", prediction, prediction);
    checkValues(prediction.data);
    const maps = (Array.isArray(labels) ? (labels as readonly BoundaryMap[]) : [labels as BoundaryMap]).map((label) => {
      checkMap("a label", label, prediction);
      return Uint8Array.from(label.data, (value) => (value ? 1 : 0));
    });
    if (maps.length === 0) throw new TaskError(FN, "a picture needs at least one label", labels);
    const soft = this.prepared(prediction);
    const radius = this.maxDist * Math.hypot(width, height);
    const counts = this.countsOf(soft, (mask) => this.count(mask, maps, width, height, radius));
    return this.pool(counts);
  }

  /** Scores of the pictures so far; 0 without any boundary. */
  value(): BoundaryResult {
    const curve = this.thresholds.map((threshold, i) => pointAt(threshold, this.totals[i]));
    const ods = bestPoint(curve);
    return { odsF: ods.f, ods, oisF: pointAt(0, this.best).f, ap: averagePrecision(curve), curve };
  }

  private prepared({ data, width, height }: BoundaryMap): ArrayLike<number> {
    const { nms = false } = this.options;
    return nms ? suppress(data, width, height, nms === true ? {} : nms) : data;
  }

  /** Counts at every threshold; masks grow smaller with the threshold, so that equal sizes are equal masks. */
  private countsOf(soft: ArrayLike<number>, count: (mask: Uint8Array) => BoundaryCounts): BoundaryCounts[] {
    let size = -1;
    let last = NOTHING;
    return this.thresholds.map((threshold) => {
      const mask = Uint8Array.from(soft, (value) => (value >= threshold ? 1 : 0));
      const set = sum(mask);
      if (set !== size) last = count(mask);
      size = set;
      return last;
    });
  }

  private count(mask: Uint8Array, labels: Uint8Array[], width: number, height: number, radius: number): BoundaryCounts {
    const lines = this.options.thin === false ? mask : thin(mask, width, height);
    const correct = new Uint8Array(lines.length);
    const counts = { ...NOTHING, predicted: sum(lines) };
    for (const label of labels) {
      const { first, pairs } = correspond(lines, label, width, height, radius);
      first.forEach((set, at) => set && (correct[at] = 1));
      counts.labeled += sum(label);
      counts.found += pairs;
    }
    return { ...counts, correct: sum(correct) };
  }

  private pool(counts: readonly BoundaryCounts[]): BoundaryPoint {
    counts.forEach((own, i) => accumulate(this.totals[i], own));
    const points = counts.map((own, i) => pointAt(this.thresholds[i], own));
    const best = points.reduce((at, point, i) => (point.f > points[at].f ? i : at), 0);
    accumulate(this.best, counts[best]);
    return points[best];
  }
}

function accumulate(into: BoundaryCounts, counts: BoundaryCounts): void {
  into.predicted += counts.predicted;
  into.correct += counts.correct;
  into.labeled += counts.labeled;
  into.found += counts.found;
}

function thresholdsOf(given: number | readonly number[]): number[] {
  if (typeof given !== "number") return checkThresholds([...given]);
  if (!isWhole(given) || given > 1000)
    throw new TaskError(FN, "thresholds must be 1..1000 of them, or the thresholds themselves", given);
  return linspace(1 / (given + 1), 1 - 1 / (given + 1), given);
}

/** Returns evenly spaced numbers with the rounding of NumPy's `linspace`, so that a level on a threshold falls on the same side. */
function linspace(first: number, last: number, count: number): number[] {
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 ? last : i * step + first));
}

function checkThresholds(thresholds: number[]): number[] {
  const isRising = thresholds.every((value, i) => value > 0 && value <= 1 && (i === 0 || value > thresholds[i - 1]));
  if (thresholds.length > 0 && isRising) return thresholds;
  throw new TaskError(FN, "thresholds must rise within (0, 1]", thresholds);
}

function checkMap(name: string, { data, width, height }: BoundaryMap, like: BoundaryMap): void {
  const isSized = Number.isInteger(width) && Number.isInteger(height) && width > 0 && data.length === width * height;
  if (!isSized) throw new TaskError(FN, `${name} must hold width x height values`, [width, height, data.length]);
  if (width !== like.width || height !== like.height)
    throw new TaskError(FN, `${name} must be of the prediction's size, ${like.width} x ${like.height}`, [
      width,
      height,
    ]);
}

function checkValues(data: ArrayLike<number>): void {
  for (let at = 0; at < data.length; at++)
    if (!(data[at] >= 0 && data[at] <= 1)) throw new TaskError(FN, "predicted boundaries lie in 0..1", data[at]);
}
