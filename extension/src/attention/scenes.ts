import {
  patchCenter,
  patchSize,
  type AttentionPayload,
  type GridPlacement,
  type Mark,
  type Scene,
} from "fovea/protocol";
import type { AttentionAnswer } from "./answer";
import { patchOf, type AttentionState } from "./state";

export function placementOf({ pictures, grid }: AttentionPayload, picture: number): GridPlacement {
  return { grid, region: pictures[picture].region };
}

/** A head's map over the picture, with the query and, where it is enlarged, the patch that it attends to most. */
export function headScene(
  payload: AttentionPayload,
  state: AttentionState,
  answer: AttentionAnswer | undefined,
  head: number,
  isLarge: boolean,
): Scene {
  const placement = placementOf(payload, state.picture);
  const grid = isLarge && state.grid ? { grid: placement } : {};
  if (!answer || state.hideHeat) return { marks: [], ...grid };
  const { map, end, best } = answer.heads[head];
  const { colormap, opacity } = state;
  const heat = { values: map, placement, range: [0, end] as [number, number], colormap, opacity };
  const patch = patchOf(answer.shape, answer.query);
  const marks: Mark[] =
    patch === undefined
      ? []
      : [
          {
            kind: "patch",
            at: patchCenter(placement, patch),
            size: patchSize(placement),
            cursor: answer.query !== state.query,
          },
        ];
  if (isLarge) marks.push({ kind: "best", at: patchCenter(placement, best), mutual: false });
  return { heat, marks, ...grid };
}
