import {
  patchCenter,
  patchSize,
  type AlignmentPayload,
  type GridPlacement,
  type Mark,
  type Scene,
} from "fovea/protocol";
import type { AlignmentState } from "./state";
import type { AlignmentAnswer } from "./values";

/** The image under the token's values, with the patch and the token's best patch marked. */
export function patchScene(payload: AlignmentPayload, state: AlignmentState, answer: AlignmentAnswer): Scene {
  return sceneOf(payload.placement, state, answer, answer.row, answer.patch, answer.bestPatch);
}

/** The reference's image under the patch's values. */
export function tokenScene(placement: GridPlacement, state: AlignmentState, answer: AlignmentAnswer): Scene {
  return sceneOf(placement, state, answer, answer.column, answer.token, answer.bestToken);
}

function sceneOf(
  placement: GridPlacement,
  state: AlignmentState,
  { range }: AlignmentAnswer,
  values: Float32Array,
  here: number,
  best: number,
): Scene {
  if (state.hideHeat) return { marks: [] };
  const marks: Mark[] = [
    { kind: "patch", at: patchCenter(placement, here), size: patchSize(placement), cursor: false },
    { kind: "best", at: patchCenter(placement, best), mutual: false },
  ];
  const { colormap, opacity } = state;
  return { heat: { values, placement, range, colormap, opacity }, marks };
}
