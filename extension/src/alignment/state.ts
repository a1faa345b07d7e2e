import {
  movedPatch,
  type AlignmentPayload,
  type ColorMapName,
  type Grid,
  type Normalization,
  type ScaleMode,
  COLOR_MAPS,
  NORMALIZATIONS,
  reading,
} from "fovea/protocol";
import { flag, position, share, type LinkFields } from "../frame/link";

/** Everything that the panels depend on, besides the payload. */
export interface AlignmentState {
  normalization: Normalization;
  temperature: number;
  scale: ScaleMode;
  colormap: ColorMapName;
  opacity: number;
  /** The token and the patch that stay when the pointer leaves. */
  token: number;
  patch: number;
  hoverToken?: number;
  hoverPatch?: number;
  /** Held key: show the bare image. */
  hideHeat: boolean;
  table: boolean;
}

/** The choices that a link holds. */
export const linkFields = ({ placement, tokens }: AlignmentPayload): LinkFields<AlignmentState> => ({
  normalization: reading.oneOf(NORMALIZATIONS),
  temperature: reading.number({ min: 1e-4, max: 100 }),
  scale: reading.oneOf<ScaleMode>(["absolute", "view"]),
  colormap: reading.oneOf(COLOR_MAPS),
  opacity: share,
  token: position(tokens.labels.length),
  patch: position(placement.grid[0] * placement.grid[1]),
  table: flag,
});

export function initialState(payload: AlignmentPayload, patch: number): AlignmentState {
  const { normalization, temperature, scale, colormap, opacity, current } = payload;
  return {
    normalization,
    temperature,
    scale,
    colormap,
    opacity,
    token: current,
    patch,
    hideHeat: false,
    table: false,
  };
}

export function shownToken(state: AlignmentState): number {
  return state.hoverToken ?? state.token;
}

export function shownPatch(state: AlignmentState): number {
  return state.hoverPatch ?? state.patch;
}

/** Moves the patch on its grid, staying inside. */
export function movePatch(state: AlignmentState, grid: Grid, dx: number, dy: number): AlignmentState {
  const patch = movedPatch(grid, state.patch, dx, dy);
  return { ...state, patch, hoverPatch: undefined, hoverToken: undefined };
}

/** The token before or after, round the ends. */
export function moveToken(state: AlignmentState, tokens: number, by: number): AlignmentState {
  return { ...state, token: (state.token + by + tokens) % tokens, hoverToken: undefined, hoverPatch: undefined };
}
