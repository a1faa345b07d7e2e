import { encoderOf, type CorrespondencePayload, type Facet, type PairPCK, type SavedLayer } from "fovea/protocol";
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
  const where = answer.side === 0 ? "" : trans.__("Reverse. ");
  const target = payload.images.length > 2 ? trans.__("In %1:", payload.images[answer.other].label) : "";
  const found = sayMatch(trans, payload, state, answer);
  return where + [target, found, sayConsistency(trans, answer), sayTruth(trans, answer)].filter(Boolean).join(" ");
}

function sayMatch(trans: Translate, payload: CorrespondencePayload, state: ViewState, answer: Answer): string {
  const { placements } = payload.layers[state.layer];
  const [bestRow, bestColumn] = cell(answer.best, placements[answer.other].grid[1]);
  const score = answer.score.toFixed(2);
  if (answer.token !== undefined) {
    const name = tokenName(trans, answer.token);
    return trans.__("Query: %1. Best match row %2, column %3, similarity %4.", name, bestRow, bestColumn, score);
  }
  const [row, column] = cell(answer.patch, placements[answer.side].grid[1]);
  return trans.__(
    "Row %1, column %2. Best match row %3, column %4, similarity %5.",
    row,
    column,
    bestRow,
    bestColumn,
    score,
  );
}

/** "Also: b.png row 3, column 4, 0.71; …": the answers of the targets that the sentence does not speak of. */
export function sayOthers(
  trans: Translate,
  payload: CorrespondencePayload,
  state: ViewState,
  answers: readonly Answer[],
): string {
  const others = answers.filter(({ side, other }) => side === 0 && other !== state.target);
  if (others.length === 0) return "";
  const parts = others.map(({ other, best, score }) => {
    const [row, column] = cell(best, payload.layers[state.layer].placements[other].grid[1]);
    return trans.__("%1 row %2, column %3, %4", payload.images[other].label, row, column, score.toFixed(2));
  });
  return trans.__("Also: %1.", parts.join("; "));
}

/** Name of a class or register token, from 0. */
export function tokenName(trans: Translate, token: number): string {
  return token === 0 ? trans.__("class token") : trans.__("register token %1", token);
}

/** Name of a part of a block. */
export function facetName(trans: Translate, facet: Facet): string {
  const names: Record<Facet, string> = {
    token: trans.__("tokens"),
    query: trans.__("queries"),
    key: trans.__("keys"),
    value: trans.__("values"),
  };
  return names[facet];
}

/** The encoders with their devices. */
export function sayEncoders(trans: Translate, { encoder, device, others = [] }: CorrespondencePayload): string {
  const all = [{ name: encoder, device }, ...others];
  return all.map((one) => trans.__("%1 on %2", one.name, one.device)).join(", ");
}

/** Encoder and layer in one line. */
export function sayLayer(trans: Translate, payload: CorrespondencePayload, layer: SavedLayer): string {
  const name = trans.__("%1, layer %2", encoderOf(payload, layer).name, layer.layer);
  return layer.facet ? `${name}, ${facetName(trans, layer.facet)}` : name;
}

function sayConsistency(trans: Translate, answer: Answer): string {
  if (answer.token !== undefined) return "";
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
    layer.set.channels,
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
