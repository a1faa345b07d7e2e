import { type Box, type GroundingPayload } from "fovea/protocol";
import { call, cell, comment, declareImage, Raw } from "../export";
import type { ShownBoxes } from "./boxes";
import type { GroundingState } from "./state";
import type { ShownAnswer } from "./store";

/** The boxes on screen and the attention of the phrase. */
export function exportData(
  payload: GroundingPayload,
  state: GroundingState,
  shown: ShownAnswer | undefined,
  { boxes, truth }: ShownBoxes,
): object {
  const digits = (values: Float32Array | undefined): number[] =>
    [...(values ?? [])].map((value) => Number(value.toPrecision(4)));
  return {
    model: payload.model,
    picture: payload.pictures[state.picture].label,
    phrase: shown?.answer.phrase ?? state.phrase,
    saved: shown?.isSaved ?? null,
    threshold: payload.queries > 1 ? state.threshold : null,
    epoch: state.epoch ?? null,
    boxes: boxes.map(({ branch, box, score, overlap }) => ({ branch, box, score, iou: overlap ?? null })),
    truth: truth ?? null,
    words: shown?.answer.words ?? [],
    layer: state.layer < 0 ? "mean" : state.layer,
    attention: (shown?.answer.words ?? []).map((_, word) => digits(shown?.attention?.word(word, state.layer))),
    replay: payload.replay ?? null,
  };
}

/** A cell that makes the view again, with the phrase on screen first. */
export function exportCode(payload: GroundingPayload, state: GroundingState): string {
  const { pictures, saved, title, queries } = payload;
  const names = pictures.map((_, i) => (pictures.length > 1 ? `picture${i + 1}` : "picture"));
  const here = saved.find(({ phrase, picture }) => phrase === state.phrase.trim() && picture === state.picture);
  const first = here ?? { phrase: state.phrase.trim() || saved[0].phrase, picture: state.picture, truth: undefined };
  const phrases = [first, ...saved.filter((one) => one !== here)].map(({ phrase, picture, truth }) =>
    phraseCode(phrase, picture, truth),
  );
  const given = pictures.length > 1 ? names.map((name) => new Raw(name)) : new Raw(names[0]);
  const shown = call("view.grounding", [new Raw("explorer"), given], {
    phrases,
    title: title || undefined,
    threshold: queries > 1 ? state.threshold : undefined,
    replay: payload.replay && new Raw("replay"),
  });
  return cell(
    ["view"],
    [
      ...pictures.map((image, i) => declareImage(names[i], image)),
      comment("explorer comes from the notebook: grounding.explorer(model, { tokenizer })"),
      payload.replay && comment("replay comes from the notebook: epochs of explorer.snapshot(…)"),
      `await ${shown}`,
    ],
  );
}

function phraseCode(phrase: string, picture: number, boxes: readonly Box[] | undefined): unknown {
  return picture || boxes ? { phrase, picture: picture || undefined, boxes } : phrase;
}
