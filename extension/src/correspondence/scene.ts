import {
  patchCenter,
  patchSize,
  truthPoints,
  type CorrespondencePayload,
  type Heat,
  type Mark,
  type Point,
  type Scene,
  type Side,
} from "fovea/protocol";
import { otherSide, type Answer } from "./query";
import { activeQuery, type ViewState } from "./state";

export interface SceneInput {
  payload: CorrespondencePayload;
  state: ViewState;
  /** Answer of the active query. */
  answer: Answer | undefined;
  /** Answers of the pins, in order. */
  pins: (Answer | undefined)[];
}

/** Turns state and answers into what the two images show. Later marks cover earlier ones. */
export function buildScenes(input: SceneInput): [Scene, Scene] {
  const scenes: [Scene, Scene] = [emptyScene(input, 0), emptyScene(input, 1)];
  const { state, answer } = input;
  if (answer && !state.hideHeat) scenes[answer.other].heat = heatOf(input, answer);
  if (!state.hideHeat) {
    addKeypoints(input, scenes);
    if (answer) addAnswer(input, scenes, answer);
    addPins(input, scenes);
  }
  return scenes;
}

function emptyScene({ payload, state }: SceneInput, side: Side): Scene {
  return { marks: [], ...(state.grid && { grid: payload.layers[state.layer].placements[side] }) };
}

function heatOf({ payload, state }: SceneInput, answer: Answer): Heat {
  const { values, range, colormap } = answer;
  return {
    values,
    range,
    colormap,
    opacity: state.opacity,
    placement: payload.layers[state.layer].placements[answer.other],
  };
}

function addKeypoints({ payload, state }: SceneInput, scenes: [Scene, Scene]): void {
  if (!payload.groundTruth) return;
  const side: Side = state.reverse ? 1 : 0;
  const { from } = truthPoints(payload.groundTruth, side);
  for (const at of from) scenes[side].marks.push({ kind: "keypoint", at });
}

function addAnswer({ payload, state }: SceneInput, scenes: [Scene, Scene], answer: Answer): void {
  const { placements } = payload.layers[state.layer];
  const { side, other, truth } = answer;
  const center = (patch: number): Point => patchCenter(placements[other], patch);
  const query: Mark = {
    kind: "patch",
    at: patchCenter(placements[side], answer.patch),
    size: patchSize(placements[side]),
    cursor: isCursor(state),
  };
  scenes[side].marks.push(query);
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

function addPins({ payload, state, pins }: SceneInput, scenes: [Scene, Scene]): void {
  const { placements } = payload.layers[state.layer];
  state.pins.forEach((pin, i) => {
    const selected = i === state.selected && !state.hover;
    scenes[pin.side].marks.push({ kind: "pin", at: pin.point, number: i + 1, selected });
    const found = pins[i];
    const other = otherSide(pin.side);
    if (found)
      scenes[other].marks.push({
        kind: "pin",
        at: patchCenter(placements[other], found.best),
        number: i + 1,
        selected,
      });
  });
}
