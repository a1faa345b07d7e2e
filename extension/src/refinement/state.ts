import { clamp, type RefinementChoices, type RefinementPayload, tokenCount, tokenPlace } from "fovea/protocol";
import { flag, position, type LinkFields } from "../frame/link";

/** Everything that the panels depend on, besides the payload. */
export interface RefinementState {
  stage: number;
  /** Token that the keys move. */
  token: number;
  /** Token under the pointer. */
  hover?: number;
  /** The token stays while the pointer moves. */
  pinned: boolean;
  /** Write the words beside their points. */
  named: boolean;
  table: boolean;
}

/** The choices that a link holds. */
export const linkFields = (payload: RefinementPayload): LinkFields<RefinementState> => ({
  stage: position(payload.stages.length),
  token: position(tokenCount(payload)),
  pinned: flag,
  named: flag,
  table: flag,
});

export function initialState({ current }: RefinementPayload): RefinementState {
  return { stage: current, token: 0, pinned: false, named: false, table: false };
}

/** Token that is shown: the one under the pointer, unless another one is pinned. */
export const activeToken = ({ token, hover, pinned }: RefinementState): number =>
  pinned || hover === undefined ? token : hover;

/** The part of a state that the figures show. */
export function choicesOf(payload: RefinementPayload, state: RefinementState): RefinementChoices {
  const token = activeToken(state);
  return { stage: state.stage, token, picture: tokenPlace(payload, token).picture, named: state.named };
}

export function moveStage(payload: RefinementPayload, state: RefinementState, by: number): RefinementState {
  return { ...state, stage: clamp(state.stage + by, 0, payload.stages.length - 1) };
}

/** Moves the token within its picture. */
export function moveToken(
  payload: RefinementPayload,
  state: RefinementState,
  [dx, dy]: readonly [number, number],
): RefinementState {
  const [rows, columns] = payload.grid;
  const { picture, row, column } = tokenPlace(payload, activeToken(state));
  const [down, across] = [clamp(row + dy, 0, rows - 1), clamp(column + dx, 0, columns - 1)];
  return { ...state, hover: undefined, token: (picture * rows + down) * columns + across };
}

/** Goes to the same place of another picture; after the last comes the first. */
export function movePicture(payload: RefinementPayload, state: RefinementState, by: number): RefinementState {
  const count = tokenCount(payload);
  const cells = count / payload.pictures.length;
  return { ...state, hover: undefined, token: (activeToken(state) + by * cells + count) % count };
}

/** Goes to the middle of a picture. */
export function choosePicture(payload: RefinementPayload, state: RefinementState, picture: number): RefinementState {
  const [rows, columns] = payload.grid;
  const middle = Math.floor(rows / 2) * columns + Math.floor(columns / 2);
  return { ...state, hover: undefined, token: picture * rows * columns + middle };
}

/** Pins a token, or releases it where it is pinned. */
export function pin(state: RefinementState, token: number): RefinementState {
  const isPinned = state.pinned && state.token === token;
  return { ...state, token, hover: undefined, pinned: !isPinned };
}
