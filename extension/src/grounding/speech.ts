import { ALL_LAYERS, argmax, boxText, type GroundingPayload, type GroundingScores, scoreAnswers } from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { ShownBox, ShownBoxes } from "./boxes";
import { type GroundingState, shownPatch, shownWord } from "./state";
import type { GroundingStore, ShownAnswer } from "./store";

/** Two significant digits. */
export function attentionText(value: number): string {
  return value >= 0.0995 || value === 0 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
}

/** A layer in words. */
export function layerText(trans: Translate, { layers }: GroundingPayload, layer: number): string {
  return layer === ALL_LAYERS ? trans.__("mean over all %1 layers", layers) : trans.__("layer %1", layer);
}

/** `token branch: left 12, top 30, 40 × 22 px, score 0.91, IoU 0.83` */
export function sayBox(trans: Translate, { branch, box, score, overlap }: ShownBox): string {
  const known = overlap === undefined ? "" : trans.__(", IoU %1 with the truth", overlap.toFixed(2));
  return `${trans.__("%1 branch: %2, score %3", branch, boxText(trans, box), score.toFixed(2))}${known}`;
}

/** Says the phrase with its boxes, then the word and the patch. */
export function sayAnswer(
  trans: Translate,
  payload: GroundingPayload,
  state: GroundingState,
  shown: ShownAnswer | undefined,
  boxes: ShownBoxes,
): string {
  const { replay } = payload;
  if (state.epoch !== undefined && replay) {
    const { weight } = replay.epochs[state.epoch];
    const head = trans.__(
      "Epoch %1 of %2, “%3”: W_dt %4.",
      state.epoch + 1,
      replay.epochs.length,
      replay.phrase,
      weight.toFixed(2),
    );
    return [head, ...boxes.boxes.map((box) => `${sayBox(trans, box)}.`)].join(" ");
  }
  if (!shown) return trans.__("No boxes of this phrase without the kernel.");
  const words = boxes.boxes.map((box) => sayBox(trans, box));
  const none = trans.__("no box has a score of %1 or more", state.threshold.toFixed(2));
  const found = `“${shown.answer.phrase.trim()}”: ${words.length ? words.join("; ") : none}.`;
  return [found, ...sayAttention(trans, payload, state, shown)].join(" ");
}

function sayAttention(
  trans: Translate,
  { grid }: GroundingPayload,
  state: GroundingState,
  { answer, attention }: ShownAnswer,
): string[] {
  const [word, patch] = [shownWord(state), shownPatch(state)];
  const place = (at: number): string => trans.__("row %1, column %2", Math.floor(at / grid[1]) + 1, (at % grid[1]) + 1);
  if (word === undefined && patch === undefined) return [];
  if (!attention) return [trans.__("The attention of this phrase is not here.")];
  const said: string[] = [];
  if (word !== undefined && word < answer.words.length) {
    const row = attention.word(word, state.layer);
    const best = argmax(row);
    said.push(
      trans.__("Word “%1”: most attention to patch %2, %3.", answer.words[word], place(best), attentionText(row[best])),
    );
  }
  if (patch !== undefined) {
    const row = attention.patch(patch, state.layer);
    const best = argmax(row);
    said.push(
      trans.__("Patch %1: most attention to “%2”, %3.", place(patch), answer.words[best], attentionText(row[best])),
    );
  }
  return said;
}

/** Explains the marks, the attention, and how well the list of phrases is grounded. */
export function sayCaption(
  trans: Translate,
  payload: GroundingPayload,
  state: GroundingState,
  store: GroundingStore,
): string {
  const attention = trans.__(
    "Attention is the encoder's, %1, mean over its heads: from a word to the patches, from a patch to the words. Both also attend to tokens that are not drawn, so no row sums to one.",
    layerText(trans, payload, state.layer),
  );
  return [sayScores(trans, payload, state, store), attention].filter(Boolean).join(" ");
}

function sayScores(trans: Translate, payload: GroundingPayload, state: GroundingState, store: GroundingStore): string {
  const parts = payload.branches.flatMap((branch) => {
    const scores = scoreAnswers(store.listed, branch, state.threshold);
    if (!scores.count) return [];
    return [
      `${trans.__("%1 branch", branch)}: ${payload.queries > 1 ? several(trans, scores) : single(trans, scores)}`,
    ];
  });
  if (!parts.length) return "";
  const over = payload.queries > 1 ? trans.__("at a score of %1 and a GIoU of 0.5", state.threshold.toFixed(2)) : "";
  return `${trans.__("Phrases of the list with known boxes")}${over && `, ${over}`}: ${parts.join("; ")}.`;
}

const single = (trans: Translate, { precise, single: count }: GroundingScores): string =>
  trans.__("Prec@0.5 %1 of %2", precise, count);

function several(trans: Translate, { exact, count, silent, withoutTarget }: GroundingScores): string {
  const f1 = trans.__("F1 %1 of %2", exact, count);
  return withoutTarget ? `${f1}, ${trans.__("N-acc %1 of %2", silent, withoutTarget)}` : f1;
}

/** Says where the boxes come from, and how long they took. */
export function sayStatus(
  trans: Translate,
  state: GroundingState,
  shown: ShownAnswer | undefined,
  store: GroundingStore,
  connection: ConnectionState,
): string {
  if (state.epoch !== undefined) return trans.__("Replay of a training, saved in the notebook.");
  const unknown = store.unknown(state);
  if (unknown.length)
    return trans.__(
      "Not a word that the model knows: %1. The boxes are those of “%2”.",
      quoted(unknown),
      shown?.answer.phrase.trim() ?? "",
    );
  if (!shown || !store.has(state))
    return sayMissing(trans, state, shown, store.hasFailed(state) ? "failed" : connection);
  if (shown.isSaved) return trans.__("Saved in the notebook. %1", sayConnection(trans, connection));
  const times = Object.entries(shown.answer.milliseconds ?? {}).map(([branch, time]) =>
    trans.__("%1 branch %2 ms", branch, time.toFixed(0)),
  );
  return trans.__(
    "By the kernel: %1; %2 ms from the key to the box.",
    times.join(", "),
    (shown.roundTrip ?? 0).toFixed(0),
  );
}

const quoted = (words: readonly string[]): string => words.map((word) => `“${word}”`).join(", ");

function sayMissing(
  trans: Translate,
  { phrase }: GroundingState,
  shown: ShownAnswer | undefined,
  connection: ConnectionState | "failed",
): string {
  const last = shown ? trans.__("The boxes are those of “%1”.", shown.answer.phrase.trim()) : "";
  if (!phrase.trim()) return `${trans.__("Type a phrase.")} ${last}`;
  if (connection === "failed") return `${trans.__("The kernel could not answer this phrase.")} ${last}`;
  if (connection === "live") return `${trans.__("Asking the kernel.")} ${last}`;
  return `${trans.__("Not in the list of the notebook.")} ${last} ${sayConnection(trans, connection)}`;
}

function sayConnection(trans: Translate, connection: ConnectionState): string {
  switch (connection) {
    case "none":
      return trans.__("No kernel is connected.");
    case "connecting":
      return trans.__("The kernel is being asked.");
    case "stale":
      return trans.__("The kernel does not have this view: run its cell for other phrases.");
    case "live":
      return trans.__("The kernel is being asked for the present boxes.");
    default:
      return connection satisfies never;
  }
}
