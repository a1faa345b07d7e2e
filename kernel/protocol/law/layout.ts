import { padded } from "../core/figure";
import { extent, lawPoints } from "./model";
import type { LawPayload, SavedFit } from "./payload";

/** An encoder's place in the panel of predicted and measured scores. */
export interface ScatterPoint {
  encoder: number;
  predicted: number;
  measured: number;
}

/** The panel of predicted and measured scores: both axes have the same range. */
export interface Scatter {
  points: ScatterPoint[];
  range: [number, number];
}

/** The points that have both scores. With `leaveOneOut`, predictions are those of fits without the encoder. */
export function scatterLayout(payload: LawPayload, fit: SavedFit, benchmark: number, leaveOneOut: boolean): Scatter {
  const points = lawPoints(payload, fit, benchmark).flatMap((point): ScatterPoint[] => {
    const predicted = leaveOneOut ? point.leftOut : point.predicted;
    const { encoder, measured } = point;
    return predicted === null || measured === null ? [] : [{ encoder, predicted, measured }];
  });
  return { points, range: padded(extent(points.flatMap(({ predicted, measured }) => [predicted, measured]))) };
}
