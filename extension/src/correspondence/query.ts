import {
  distance,
  heatColors,
  heatRange,
  keypointInPatch,
  matchPatch,
  pairPCK,
  patchAt,
  patchCenter,
  softmax,
  topIndices,
  truthPoints,
  type ColorMapName,
  type CorrespondencePayload,
  type PairPCK,
  type Point,
  type SavedLayer,
  type Side,
} from "fovea/protocol";
import type { FeatureStore } from "./features";
import type { Query, ViewState } from "./state";

/** Comparison of a match with the known point. */
export interface TruthAnswer {
  keypoint: number;
  name: string;
  point: Point;
  error: number;
  threshold: number;
  correct: boolean;
}

/** All that one query shows. */
export interface Answer {
  side: Side;
  other: Side;
  patch: number;
  best: number;
  /** The best patches after `best`, in order. */
  runnersUp: number[];
  /** Values of the heat-map on the other image. */
  values: Float32Array;
  range: [number, number];
  colormap: ColorMapName;
  /** Similarity of the best match, in the units of the heat-map. */
  score: number;
  mutual: boolean;
  /** From the query to the match of its match, as a fraction of the longer side of the image. */
  cycle: number;
  truth?: TruthAnswer;
}

const RUNNERS_UP = 4;

export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0);

/** Answers a query from the features at hand; `undefined` when the layer is not here or the point lies off the grid. */
export function answerQuery(
  payload: CorrespondencePayload,
  store: FeatureStore,
  state: ViewState,
  query: Query,
): Answer | undefined {
  const layer = payload.layers[state.layer];
  const space = store.space(state.layer, state.similarity);
  const patch = patchAt(layer.placements[query.side], query.point);
  if (!space || patch === undefined) return undefined;
  const match = matchPatch(space, query.side, patch);
  const values = state.similarity === "softmax" ? softmax(match.scores, state.temperature) : match.scores;
  const { best, mutual } = match;
  return {
    side: query.side,
    other: otherSide(query.side),
    patch,
    best,
    mutual,
    values,
    runnersUp: topIndices(match.scores, RUNNERS_UP + 1)
      .filter((index) => index !== best)
      .slice(0, RUNNERS_UP),
    range: heatRange(state.similarity, state.scale, values),
    colormap: heatColors(state.similarity, state.colormap),
    score: values[best],
    cycle: cycleDistance(payload, layer, query.side, patch, match.back),
    truth: truthAnswer(payload, layer, query.side, patch, best),
  };
}

function cycleDistance(
  payload: CorrespondencePayload,
  layer: SavedLayer,
  side: Side,
  patch: number,
  back: number,
): number {
  const { width, height } = payload.images[side];
  const placement = layer.placements[side];
  return distance(patchCenter(placement, patch), patchCenter(placement, back)) / Math.max(width, height);
}

function truthAnswer(
  payload: CorrespondencePayload,
  layer: SavedLayer,
  side: Side,
  patch: number,
  best: number,
): TruthAnswer | undefined {
  const truth = payload.groundTruth;
  const keypoint = keypointInPatch(truth, layer.placements[side], side, patch);
  if (!truth || keypoint === undefined) return undefined;
  const other = otherSide(side);
  const point = truthPoints(truth, side).to[keypoint];
  const error = distance(patchCenter(layer.placements[other], best), point);
  const threshold = truth.thresholds[other];
  return { keypoint, name: truth.names?.[keypoint] ?? "", point, error, threshold, correct: error <= threshold };
}

/** PCK over all keypoints with the features at hand, in the direction of the queries. */
export function layerPCK(payload: CorrespondencePayload, store: FeatureStore, state: ViewState): PairPCK | undefined {
  const space = store.space(state.layer, state.similarity);
  if (!space || !payload.groundTruth) return undefined;
  return pairPCK(space, payload.layers[state.layer].placements, payload.groundTruth, state.reverse ? 1 : 0);
}
