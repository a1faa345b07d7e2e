import {
  type Box,
  boxMark,
  type GroundingBox,
  type GroundingBranchName,
  type GroundingPayload,
  type Mark,
  predictedBoxes,
  truthOverlap,
} from "fovea/protocol";
import type { GroundingState } from "./state";
import type { ShownAnswer } from "./store";

/** A box on screen with the facts beside it. */
export interface ShownBox extends GroundingBox {
  branch: GroundingBranchName;
  /** Largest IoU with a true box, where there is one. */
  overlap?: number;
}

/** All boxes on screen. */
export interface ShownBoxes {
  boxes: ShownBox[];
  truth?: readonly Box[];
}

/** Returns the boxes of an answer, or those of the epoch that is replayed. */
export function boxesOf(payload: GroundingPayload, state: GroundingState, shown: ShownAnswer | undefined): ShownBoxes {
  const { replay, branches } = payload;
  const listed = (
    found: (branch: GroundingBranchName) => readonly GroundingBox[],
    truth?: readonly Box[],
  ): ShownBoxes => ({
    boxes: branches.flatMap((branch) =>
      found(branch).map((one) => ({ ...one, branch, overlap: truthOverlap(one.box, truth) })),
    ),
    truth,
  });
  if (state.epoch !== undefined && replay) {
    const epoch = replay.epochs[state.epoch];
    return listed((branch) => [epoch[branch] ?? []].flat(), [replay.truth]);
  }
  if (!shown) return { boxes: [] };
  const { boxes, truth } = shown.answer;
  return listed((branch) => predictedBoxes(boxes[branch] ?? [], state.threshold), truth);
}

/** Returns the marks of the boxes, the truth below. */
export function boxMarks({ boxes, truth = [] }: ShownBoxes): Mark[] {
  return [
    ...truth.map((box) => boxMark(box, "truth", "", false)),
    ...boxes.map(({ box, branch, score }) =>
      boxMark(box, branch === "token" ? "first" : "second", `${branch} ${score.toFixed(2)}`, true),
    ),
  ];
}
