import { clamp, middlePatch, movedPatch, type GalleryPayload, type Grid } from "fovea/protocol";
import { flag, position, type LinkFields } from "../frame/link";

/** Everything that the parts depend on, besides the payload and what the kernel sent. */
export interface GalleryState {
  /** The picture whose neighbors are shown. */
  index: number;
  /** The patch that is asked with, in place of the whole picture. */
  patch?: number;
  /** The picture under the pointer. */
  hover?: number;
  /** Pictures shown before, the latest last. */
  before: readonly number[];
  table: boolean;
}

/** Pictures that the way back remembers. */
const MOST_BEFORE = 100;

/** The choices that a link holds. */
export const linkFields = ({ count, grid }: GalleryPayload): LinkFields<GalleryState> => ({
  index: position(count),
  patch: position(grid[0] * grid[1]),
  table: flag,
});

export function initialState({ current }: GalleryPayload): GalleryState {
  return { index: current, before: [], table: false };
}

/** Shows another picture, asked with as a whole. */
export function showPicture(state: GalleryState, index: number): GalleryState {
  if (index === state.index) return { ...state, patch: undefined };
  return { ...state, index, patch: undefined, before: [...state.before, state.index].slice(-MOST_BEFORE) };
}

/** The picture shown before this one. */
export function goBack(state: GalleryState): GalleryState {
  const index = state.before.at(-1);
  return index === undefined ? state : { ...state, index, patch: undefined, before: state.before.slice(0, -1) };
}

/** Moves over a grid of pictures with so many columns. */
export function movePicture(state: GalleryState, count: number, columns: number, dx: number, dy: number): GalleryState {
  const at = state.index + dx + dy * columns;
  return showPicture(state, clamp(at, 0, count - 1));
}

/** Moves the patch that is asked with, staying on the grid. */
export function movePatch(state: GalleryState, grid: Grid, dx: number, dy: number): GalleryState {
  return { ...state, patch: movedPatch(grid, state.patch ?? middlePatch(grid), dx, dy) };
}

/** Asks with the patch in the middle, or with the whole picture again. */
export function togglePatch(state: GalleryState, grid: Grid): GalleryState {
  return { ...state, patch: state.patch === undefined ? middlePatch(grid) : undefined };
}
