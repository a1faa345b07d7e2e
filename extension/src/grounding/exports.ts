import { type Box, type GroundingPayload, type SavedImage } from "fovea/protocol";
import { call, cell, comment, declareImage, Raw } from "../export";
import type { DropAnswer, DroppedFile } from "../frame/viewer";
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
  const { saved, replay } = payload;
  const here = saved.find(({ phrase, picture }) => phrase === state.phrase.trim() && picture === state.picture);
  const first = here ?? { phrase: firstPhrase(payload, state), picture: state.picture, truth: undefined };
  const phrases = [first, ...saved.filter((one) => one !== here)].map(({ phrase, picture, truth }) =>
    phraseCode(phrase, picture, truth),
  );
  const options = { title: payload.title || undefined, ...thresholdOf(payload, state) };
  return viewCell(payload.pictures, { phrases, ...options, replay: replay && new Raw("replay") });
}

/** A cell that asks for the phrase on screen in a picture of the reader, in place of the one on screen. A model is none for it. */
export function dropAnswer(
  payload: GroundingPayload,
  state: GroundingState,
  { kind, path }: DroppedFile,
): DropAnswer | undefined {
  if (kind !== "picture") return undefined;
  const pictures = payload.pictures.map((image, i) => (i === state.picture ? { ...image, path } : image));
  const phrases = [phraseCode(firstPhrase(payload, state), state.picture, undefined)];
  // The notebook has the explorer, perhaps under another name: the reader looks before the cell runs.
  return { code: viewCell(pictures, { phrases, ...thresholdOf(payload, state) }), isComplete: false };
}

const firstPhrase = ({ saved }: GroundingPayload, { phrase }: GroundingState): string =>
  phrase.trim() || saved[0].phrase;

const thresholdOf = ({ queries }: GroundingPayload, { threshold }: GroundingState): { threshold?: number } =>
  queries > 1 ? { threshold } : {};

function viewCell(pictures: readonly SavedImage[], options: Readonly<Record<string, unknown>>): string {
  const names = pictures.map((_, i) => (pictures.length > 1 ? `picture${i + 1}` : "picture"));
  const given = pictures.length > 1 ? names.map((name) => new Raw(name)) : new Raw(names[0]);
  const shown = call("view.grounding", [new Raw("explorer"), given], options);
  return cell(
    ["view"],
    [
      ...pictures.map((image, i) => declareImage(names[i], image)),
      comment("explorer comes from the notebook: grounding.explorer(model, { tokenizer })"),
      options.replay ? comment("replay comes from the notebook: epochs of explorer.snapshot(…)") : undefined,
      `await ${shown}`,
    ],
  );
}

function phraseCode(phrase: string, picture: number, boxes: readonly Box[] | undefined): unknown {
  return picture || boxes ? { phrase, picture: picture || undefined, boxes } : phrase;
}
