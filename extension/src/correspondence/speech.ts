import type { CorrespondencePayload, PairPCK } from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { Answer } from "./query";
import type { FeatureStore } from "./features";
import type { ViewState } from "./state";

/** Row and column of a patch as people count: from one. */
export function cell(patch: number, columns: number): [row: number, column: number] {
  return [Math.floor(patch / columns) + 1, (patch % columns) + 1];
}

/** "Row 7, column 12. Best match row 9, column 3, similarity 0.81. …" */
export function sayAnswer(trans: Translate, payload: CorrespondencePayload, state: ViewState, answer: Answer): string {
  const { placements } = payload.layers[state.layer];
  const [row, column] = cell(answer.patch, placements[answer.side].grid[1]);
  const [bestRow, bestColumn] = cell(answer.best, placements[answer.other].grid[1]);
  const where = answer.side === 1 ? trans.__("Reverse. ") : "";
  const found = trans.__(
    "Row %1, column %2. Best match row %3, column %4, similarity %5.",
    row,
    column,
    bestRow,
    bestColumn,
    answer.score.toFixed(2),
  );
  return where + [found, sayConsistency(trans, answer), sayTruth(trans, answer)].filter(Boolean).join(" ");
}

function sayConsistency(trans: Translate, answer: Answer): string {
  if (answer.mutual) return trans.__("Mutual nearest neighbors.");
  return trans.__("Not mutual: the match's own best lies %1\u00a0% of the image away.", Math.round(100 * answer.cycle));
}

function sayTruth(trans: Translate, { truth }: Answer): string {
  if (!truth) return "";
  const name = truth.name || trans.__("keypoint %1", truth.keypoint + 1);
  const verdict = truth.correct ? trans.__("correct") : trans.__("wrong");
  return trans.__("%1: %2, %3 px off, %4 allowed.", name, verdict, truth.error.toFixed(1), truth.threshold.toFixed(1));
}

/** The key to the marks over the images. */
export function sayMarks(trans: Translate, { groundTruth }: CorrespondencePayload): string {
  const parts = [
    trans.__("□ query"),
    trans.__("✛ best match, with a ring where it is mutual"),
    trans.__("◇ runners-up, the larger the better"),
  ];
  if (groundTruth) parts.push(trans.__("○ keypoint; the large circle on its match is the distance allowed"));
  return parts.join(" · ");
}

/** Value of the heat-map under the pointer. */
export function sayProbe(
  trans: Translate,
  state: ViewState,
  payload: CorrespondencePayload,
  answer: Answer,
  patch: number,
): string {
  const [row, column] = cell(patch, payload.layers[state.layer].placements[answer.other].grid[1]);
  return trans.__("Under the pointer: row %1, column %2, similarity %3.", row, column, answer.values[patch].toFixed(2));
}

/** "PCK@0.10 on this pair, by patch centres: 7 of 9 keypoints, 77.8 %." */
export function sayPCK(trans: Translate, alpha: number, pck: PairPCK): string {
  const share = ((100 * pck.correct) / pck.total).toFixed(1);
  return trans.__(
    "PCK@%1 on this pair, by patch centers: %2 of %3 keypoints, %4\u00a0%.",
    alpha.toFixed(2),
    pck.correct,
    pck.total,
    share,
  );
}

/** Says where the features come from, and how good they are. Approximate features are always called so. */
export function sayStatus(
  trans: Translate,
  payload: CorrespondencePayload,
  store: FeatureStore,
  position: number,
  connection: ConnectionState,
): string {
  const { channels } = payload.layers[position];
  const layer = store.layer(position);
  if (layer && !layer.approximate) return trans.__("Full features, %1 dimensions.", channels);
  const reason = sayConnection(trans, connection);
  if (!layer) return trans.__("This layer is not saved in the notebook. %1", reason);
  return trans.__(
    "Approximate: %1 of %2 dimensions, 8 bits, saved in the notebook. %3",
    layer.pair.channels,
    channels,
    reason,
  );
}

function sayConnection(trans: Translate, connection: ConnectionState): string {
  switch (connection) {
    case "none":
      return trans.__("No kernel is connected.");
    case "connecting":
      return trans.__("Asking the kernel for the full features…");
    case "live":
      return trans.__("Loading the full features…");
    case "stale":
      return trans.__("The kernel no longer knows this view: run its cell again for full features.");
    default:
      return connection satisfies never;
  }
}
