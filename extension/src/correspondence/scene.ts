import {
  patchCenter,
  patchSize,
  truthPoints,
  type CorrespondencePayload,
  type Heat,
  type ImageIndex,
  type Point,
  type Scene,
} from "fovea/protocol";
import type { Answer } from "./query";
import { activeQuery, type ViewState } from "./state";

export interface SceneInput {
  payload: CorrespondencePayload;
  state: ViewState;
  /** Answers of the active query: one an image. */
  answers: readonly Answer[];
  /** Answers of the pins, in order. */
  pins: readonly (readonly Answer[])[];
  /** Colors of the features in place of each image. */
  colors?: readonly Uint8ClampedArray<ArrayBuffer>[];
}

/** Turns state and answers into what the images show. Later marks cover earlier ones. */
export function buildScenes(input: SceneInput): Scene[] {
  const { payload, state, answers } = input;
  const scenes = payload.images.map((_, side) => emptyScene(input, side));
  if (state.hideHeat) return scenes;
  addKeypoints(input, scenes);
  addQuery(input, scenes);
  for (const answer of answers) {
    scenes[answer.other].heat = heatOf(input, answer);
    addAnswer(input, scenes, answer);
  }
  addPins(input, scenes);
  return scenes;
}

/** The small picture of one answer: its heat-map and its best match. */
export function smallScene(payload: CorrespondencePayload, state: ViewState, answer: Answer): Scene {
  const heat = heatOf({ payload, state }, answer);
  const at = patchCenter(heat.placement, answer.best);
  return { heat, marks: [{ kind: "best", at, mutual: answer.mutual }] };
}

function emptyScene({ payload, state, colors }: SceneInput, side: ImageIndex): Scene {
  const placement = payload.layers[state.layer].placements[side];
  return {
    marks: [],
    ...(state.grid && { grid: placement }),
    ...(colors && { base: { colors: colors[side], placement } }),
  };
}

function heatOf({ payload, state }: Pick<SceneInput, "payload" | "state">, answer: Answer): Heat {
  const { values, range, colormap } = answer;
  return {
    values,
    range,
    colormap,
    opacity: state.opacity,
    placement: payload.layers[state.layer].placements[answer.other],
  };
}

function addKeypoints({ payload, state }: SceneInput, scenes: readonly Scene[]): void {
  if (!payload.groundTruth) return;
  const side = state.reverse ? 1 : 0;
  const { from } = truthPoints(payload.groundTruth, side);
  for (const at of from) scenes[side].marks.push({ kind: "keypoint", at });
}

/** A token has no place to be marked. */
function addQuery({ payload, state, answers: [answer] }: SceneInput, scenes: readonly Scene[]): void {
  if (!answer || answer.token !== undefined) return;
  const placement = payload.layers[state.layer].placements[answer.side];
  const at = patchCenter(placement, answer.patch);
  scenes[answer.side].marks.push({ kind: "patch", at, size: patchSize(placement), cursor: isCursor(state) });
}

function addAnswer({ payload, state }: SceneInput, scenes: readonly Scene[], answer: Answer): void {
  const { placements } = payload.layers[state.layer];
  const { other, truth } = answer;
  const center = (patch: number): Point => patchCenter(placements[other], patch);
  for (const [i, patch] of answer.runnersUp.entries())
    scenes[other].marks.push({ kind: "runner-up", at: center(patch), rank: i + 2 });
  const best = center(answer.best);
  if (truth)
    scenes[other].marks.push({
      kind: "truth",
      at: truth.point,
      from: best,
      radius: truth.threshold,
      correct: truth.correct,
    });
  scenes[other].marks.push({ kind: "best", at: best, mutual: answer.mutual });
}

function isCursor(state: ViewState): boolean {
  return activeQuery(state) === state.cursor;
}

function addPins({ payload, state, pins }: SceneInput, scenes: readonly Scene[]): void {
  const { placements } = payload.layers[state.layer];
  state.pins.forEach((pin, i) => {
    const selected = i === state.selected && !state.hover;
    scenes[pin.side].marks.push({ kind: "pin", at: pin.point, number: i + 1, selected });
    for (const { other, best } of pins[i] ?? [])
      scenes[other].marks.push({ kind: "pin", at: patchCenter(placements[other], best), number: i + 1, selected });
  });
}
