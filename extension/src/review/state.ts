import {
  type Box,
  boxWithin,
  movedBox,
  type ReviewDecision,
  type ReviewPayload,
  type ReviewVerdict,
} from "fovea/protocol";
import { flag, position, type LinkFields } from "../frame/link";

/** Effect of the arrow keys: on the whole box, or on its right and lower edge. */
export type ArrowMode = "move" | "size";

export interface ReviewState {
  /** Position of the prediction on screen. */
  item: number;
  mode: ArrowMode;
  /** Boxes that were changed and not saved yet, by item. */
  drafts: (Box | undefined)[];
  /** Decisions as the file has them, by item. */
  decisions: (ReviewDecision | undefined)[];
  /** Items whose decision is on its way to the file. */
  pending: number[];
  /** Annotations and rejected predictions in the file; missing until the kernel has sent them. */
  written?: { annotations: number; rejected: number };
  hide: boolean;
  table: boolean;
}

/** The choices that a link holds; drafts and decisions stay with their file. */
export const linkFields = ({ items }: ReviewPayload): LinkFields<ReviewState> => ({
  item: position(items.length),
  table: flag,
});

export function initialState({ items }: ReviewPayload): ReviewState {
  const first = items.findIndex(({ decision }) => !decision);
  return {
    item: Math.max(0, first),
    mode: "move",
    drafts: items.map(() => undefined),
    decisions: items.map(({ decision }) => decision),
    pending: [],
    hide: false,
    table: false,
  };
}

/** The box on screen: the drawn one, else the decided one, else the predicted one. */
export function shownBox({ items }: ReviewPayload, { drafts, decisions, item }: ReviewState, at = item): Box {
  return drafts[at] ?? decisions[at]?.box ?? items[at].box;
}

/** Verdict that the box on screen would get. */
export function verdictOf(payload: ReviewPayload, state: ReviewState): Exclude<ReviewVerdict, "rejected"> {
  const { box } = payload.items[state.item];
  return shownBox(payload, state).every((edge, i) => Math.abs(edge - box[i]) < 0.005) ? "confirmed" : "redrawn";
}

/** Changes the box on screen, within its picture. */
export function drawBox(payload: ReviewPayload, state: ReviewState, box: Box): ReviewState {
  const within = boxWithin(box, payload.pictures[payload.items[state.item].picture]);
  const rounded = within.map((edge) => Number(edge.toFixed(2))) as unknown as Box;
  return { ...state, drafts: state.drafts.with(state.item, rounded) };
}

/** Moves the box on screen, or its right and lower edge. */
export function nudge(payload: ReviewPayload, state: ReviewState, dx: number, dy: number): ReviewState {
  const box = shownBox(payload, state);
  const size = payload.pictures[payload.items[state.item].picture];
  if (state.mode === "move") return drawBox(payload, state, movedBox(box, [dx, dy], size));
  const [left, top, right, bottom] = box;
  return drawBox(payload, state, [left, top, Math.max(left + 1, right + dx), Math.max(top + 1, bottom + dy)]);
}

/** Drops a box that was drawn and not saved. */
export function dropDraft(state: ReviewState): ReviewState {
  return { ...state, drafts: state.drafts.with(state.item, undefined) };
}

export function showItem(state: ReviewState, item: number): ReviewState {
  const { length } = state.drafts;
  return length ? { ...state, item: (item + length) % length } : state;
}

/** The next prediction without a decision after the one on screen, or the one on screen. */
export function nextOpen(state: ReviewState): ReviewState {
  const { length } = state.drafts;
  for (let step = 1; step < length; step++) {
    const at = (state.item + step) % length;
    if (!state.decisions[at] && !state.pending.includes(at)) return { ...state, item: at };
  }
  return state;
}

/** Marks the decision on an item as sent. */
export const sent = (state: ReviewState, item: number): ReviewState => ({
  ...state,
  pending: [...state.pending.filter((at) => at !== item), item],
});
