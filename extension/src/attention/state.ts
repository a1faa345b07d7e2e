import {
  clamp,
  meanQuery,
  middlePatch,
  movedPatch,
  shapeOf,
  type AttentionPayload,
  type AttentionScale,
  type AttentionShape,
  type ColorMapName,
  ATTENTION_SCALES,
  COLOR_MAPS,
  reading,
} from "fovea/protocol";
import { flag, position, share, type LinkFields } from "../frame/link";

/** Everything that the pictures depend on, besides the payload and the rows at hand. */
export interface AttentionState {
  picture: number;
  layer: number;
  head: number;
  /** The query that stays when the pointer leaves. */
  query: number;
  /** The patch under the pointer, as a query. */
  hover?: number;
  scale: AttentionScale;
  colormap: ColorMapName;
  opacity: number;
  grid: boolean;
  /** Held key: show the bare pictures. */
  hideHeat: boolean;
  table: boolean;
}

/** The choices that a link holds. */
export const linkFields = ({ pictures, layers, prefix, grid }: AttentionPayload): LinkFields<AttentionState> => ({
  picture: position(pictures.length),
  layer: position(layers.length),
  head: position(layers.reduce((most, { heads }) => Math.max(most, heads), 0)),
  // The last one stands for the mean over all patches.
  query: position(prefix + grid[0] * grid[1] + 1),
  scale: reading.oneOf(ATTENTION_SCALES),
  colormap: reading.oneOf(COLOR_MAPS),
  opacity: share,
  grid: flag,
  table: flag,
});

export function initialState(payload: AttentionPayload): AttentionState {
  const { picture, layer, head, query, scale, colormap, opacity } = payload;
  return { picture, layer, head, query, scale, colormap, opacity, grid: false, hideHeat: false, table: false };
}

export function shownQuery({ hover, query }: AttentionState): number {
  return hover ?? query;
}

/** The patch of a query, `undefined` for tokens without a place and for the mean. */
export function patchOf({ prefix, grid }: AttentionShape, query: number): number | undefined {
  const patch = query - prefix;
  return patch >= 0 && patch < grid[0] * grid[1] ? patch : undefined;
}

/** Moves the query by whole patches, staying on the grid; a query without a place begins in the middle. */
export function moveQuery(state: AttentionState, shape: AttentionShape, dx: number, dy: number): AttentionState {
  const at = patchOf(shape, state.query);
  const patch = at === undefined ? middlePatch(shape.grid) : movedPatch(shape.grid, at, dx, dy);
  return { ...state, query: shape.prefix + patch, hover: undefined };
}

/** Another layer, inside the ends; the head stays where the layer has it. */
export function showLayer(state: AttentionState, payload: AttentionPayload, layer: number): AttentionState {
  const shown = clamp(layer, 0, payload.layers.length - 1);
  return { ...state, layer: shown, head: Math.min(state.head, payload.layers[shown].heads - 1) };
}

/** The head before or after, round the ends. */
export function moveHead(state: AttentionState, { heads }: AttentionShape, by: number): AttentionState {
  return { ...state, head: (state.head + by + heads) % heads };
}

/** The query of a kind: the class token where there is one, or the mean over the patches. */
export function kindQuery(state: AttentionState, payload: AttentionPayload, kind: "class" | "mean"): AttentionState {
  const shape = shapeOf(payload, state.layer);
  if (kind === "class" && shape.prefix === 0) return state;
  return { ...state, query: kind === "class" ? 0 : meanQuery(shape), hover: undefined };
}
