import { distance } from "../../numeric";
import { patchAt, patchCenter, type GridPlacement } from "../core/geometry";
import { matchPatch } from "./match";
import { type FeaturePair } from "../core/quantize";
import type { GroundTruth } from "./payload";

/** One of two images: 0 the source, 1 its target. */
type Side = 0 | 1;

/** Result of one keypoint. */
export interface KeypointScore {
  keypoint: number;
  /** Patch that holds the keypoint on the query's image. */
  patch: number;
  /** Best patch on the other image. */
  best: number;
  /** Pixels of the other image between the centre of `best` and the true point. */
  error: number;
  correct: boolean;
}

/** PCK over the keypoints of one pair: a match is the centre of the best patch, correct within `alpha * box`. */
export interface PairPCK {
  correct: number;
  total: number;
  scores: KeypointScore[];
}

/** Keypoints of the query side and of the other side. */
export function truthPoints(
  truth: GroundTruth,
  side: number,
): { from: GroundTruth["source"]; to: GroundTruth["target"] } {
  return side === 0 ? { from: truth.source, to: truth.target } : { from: truth.target, to: truth.source };
}

/** Matches every keypoint of `side` that lies on its grid. Points outside the grid count as wrong, with infinite error. */
export function pairPCK(
  pair: FeaturePair,
  placements: readonly [GridPlacement, GridPlacement],
  truth: GroundTruth,
  side: Side = 0,
): PairPCK {
  const { from } = truthPoints(truth, side);
  const scores = from.map((_, keypoint) => scoreKeypoint(pair, placements, truth, side, keypoint));
  return { correct: scores.filter((score) => score.correct).length, total: scores.length, scores };
}

function scoreKeypoint(
  pair: FeaturePair,
  placements: readonly [GridPlacement, GridPlacement],
  truth: GroundTruth,
  side: Side,
  keypoint: number,
): KeypointScore {
  const { from, to } = truthPoints(truth, side);
  const patch = patchAt(placements[side], from[keypoint]);
  if (patch === undefined) return { keypoint, patch: -1, best: -1, error: Infinity, correct: false };
  const other: Side = side === 0 ? 1 : 0;
  const { best } = matchPatch(pair, side, patch);
  const error = distance(patchCenter(placements[other], best), to[keypoint]);
  return { keypoint, patch, best, error, correct: error <= truth.thresholds[other] };
}

/** The keypoint that lies in a patch, the one nearest to the centre if there are several. */
export function keypointInPatch(
  truth: GroundTruth | undefined,
  placement: GridPlacement,
  side: number,
  patch: number,
): number | undefined {
  if (!truth) return undefined;
  const center = patchCenter(placement, patch);
  const { from } = truthPoints(truth, side);
  const inside = from.map((_, i) => i).filter((i) => patchAt(placement, from[i]) === patch);
  return inside.sort((a, b) => distance(from[a], center) - distance(from[b], center))[0];
}
