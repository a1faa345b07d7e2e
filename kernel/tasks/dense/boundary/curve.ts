import { most } from "../../../numeric";

/** Pixels counted at one threshold: found and right ones of the prediction, all and found ones of the label. */
export interface BoundaryCounts {
  /** Pixels of the thinned prediction. */
  predicted: number;
  /** Predicted pixels with a partner in the label, or in any of several labels. */
  correct: number;
  /** Pixels of the label, or of all labels. */
  labeled: number;
  /** Pixels of the label with a partner in the prediction. */
  found: number;
}

/** A point of the precision-recall curve. */
export interface BoundaryPoint {
  readonly threshold: number;
  readonly recall: number;
  readonly precision: number;
  /** Harmonic mean of the two; 0 where both are 0. */
  readonly f: number;
}

/** Number of parts in which the curve is interpolated between thresholds, and of the recalls of the average precision. */
const PARTS = 100;

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

function pointOf(threshold: number, recall: number, precision: number): BoundaryPoint {
  return { threshold, recall, precision, f: ratio(2 * precision * recall, precision + recall) };
}

/** Returns the point of one threshold. */
export function pointAt(threshold: number, { predicted, correct, labeled, found }: BoundaryCounts): BoundaryPoint {
  return pointOf(threshold, ratio(found, labeled), ratio(correct, predicted));
}

/** Returns the best point of a curve, interpolated linearly between its thresholds as the BSDS benchmark does. */
export function bestPoint(curve: readonly BoundaryPoint[]): BoundaryPoint {
  let best = curve[0];
  for (let i = 1; i < curve.length; i++) {
    for (let part = 0; part <= PARTS; part++) {
      const point = between(curve[i - 1], curve[i], part / PARTS);
      if (point.f > best.f) best = point;
    }
  }
  return best;
}

function between(a: BoundaryPoint, b: BoundaryPoint, share: number): BoundaryPoint {
  const mix = (from: number, to: number): number => to * share + from * (1 - share);
  return pointOf(mix(a.threshold, b.threshold), mix(a.recall, b.recall), mix(a.precision, b.precision));
}

/** Returns the mean of the best precision at a recall of at least 0, 0.01, … 0.99, over 101 as the benchmark's code has it. */
export function averagePrecision(curve: readonly BoundaryPoint[]): number {
  let total = 0;
  for (let i = 0; i < PARTS; i++) {
    const precisions = curve.map(({ recall, precision }) => (recall >= i / PARTS ? precision : 0));
    total += Math.max(0, most(precisions));
  }
  return total / (PARTS + 1);
}
