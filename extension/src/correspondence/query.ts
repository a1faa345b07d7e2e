import {
  distance,
  heatColors,
  heatRange,
  keypointInPatch,
  matchIn,
  pairPCK,
  patchAt,
  patchCenter,
  patchPair,
  softmax,
  topIndices,
  truthPoints,
  type ColorMapName,
  type CorrespondencePayload,
  type ImageIndex,
  type PairPCK,
  type Point,
  type SavedLayer,
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

/** All that one query shows on one other image. */
export interface Answer {
  side: ImageIndex;
  other: ImageIndex;
  /** The patch that is asked; -1 where it is a token. */
  patch: number;
  /** The class or register token that is asked. */
  token?: number;
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
  /** From the query to the match of its match, as a fraction of the longer side of the image; 0 of a token, which has no place. */
  cycle: number;
  truth?: TruthAnswer;
}

const RUNNERS_UP = 4;

/** The image that answers a query: the source, or the target that the words speak of. */
export const otherSide = (side: ImageIndex, { target }: Pick<ViewState, "target">): ImageIndex =>
  side === 0 ? target : 0;

/** All images that answer a query. */
export function otherSides(side: ImageIndex, { images }: CorrespondencePayload): ImageIndex[] {
  return side === 0 ? images.slice(1).map((_, i) => i + 1) : [0];
}

/** Answers a query from the features at hand; `undefined` when the layer is not here or the point lies off the grid. */
export function answerQuery(
  payload: CorrespondencePayload,
  store: FeatureStore,
  state: ViewState,
  query: Query,
  other: ImageIndex = otherSide(query.side, state),
): Answer | undefined {
  const layer = payload.layers[state.layer];
  const space = store.space(state.layer, state.similarity);
  const at = rowOf(layer, query);
  if (!space || at === undefined) return undefined;
  const match = matchIn(space, query.side, other, at);
  const values = state.similarity === "softmax" ? softmax(match.scores, state.temperature) : match.scores;
  const { best, mutual } = match;
  const { side, token } = query;
  const patch = token === undefined ? at : -1;
  return {
    side,
    other,
    patch,
    ...(token !== undefined && { token }),
    best,
    mutual,
    values,
    runnersUp: topIndices(match.scores, RUNNERS_UP + 1)
      .filter((index) => index !== best)
      .slice(0, RUNNERS_UP),
    range: heatRange(state.similarity, state.scale, values),
    colormap: heatColors(state.similarity, state.colormap),
    score: values[best],
    cycle: token === undefined ? cycleDistance(payload, layer, side, patch, match.back) : 0,
    truth: truthAnswer(payload, layer, side, patch, best),
  };
}

/** Answers of every other image that has one. */
export function answersOf(
  payload: CorrespondencePayload,
  store: FeatureStore,
  state: ViewState,
  query: Query,
): Answer[] {
  return otherSides(query.side, payload).flatMap((other) => answerQuery(payload, store, state, query, other) ?? []);
}

/** The row of a query among the features of its image: its patch, or its token behind all patches. */
function rowOf({ placements, prefix = 0 }: SavedLayer, { side, point, token }: Query): number | undefined {
  const { grid } = placements[side];
  if (token !== undefined) return token < prefix ? grid[0] * grid[1] + token : undefined;
  return patchAt(placements[side], point);
}

function cycleDistance(
  payload: CorrespondencePayload,
  layer: SavedLayer,
  side: ImageIndex,
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
  side: ImageIndex,
  patch: number,
  best: number,
): TruthAnswer | undefined {
  const truth = payload.groundTruth;
  const keypoint = keypointInPatch(truth, layer.placements[side], side, patch);
  if (!truth || keypoint === undefined) return undefined;
  const other = side === 0 ? 1 : 0;
  const point = truthPoints(truth, side).to[keypoint];
  const error = distance(patchCenter(layer.placements[other], best), point);
  const threshold = truth.thresholds[other];
  return { keypoint, name: truth.names?.[keypoint] ?? "", point, error, threshold, correct: error <= threshold };
}

/** PCK over all keypoints with the features at hand, in the direction of the queries. */
export function layerPCK(payload: CorrespondencePayload, store: FeatureStore, state: ViewState): PairPCK | undefined {
  const space = store.space(state.layer, state.similarity);
  if (!space || !payload.groundTruth) return undefined;
  const [source, target] = payload.layers[state.layer].placements;
  return pairPCK(patchPair(space, 0, 1), [source, target], payload.groundTruth, state.reverse ? 1 : 0);
}
