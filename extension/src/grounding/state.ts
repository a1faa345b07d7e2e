import { ALL_LAYERS, clamp, type GroundingPayload, middlePatch, movedPatch, MAX_PHRASE, reading } from "fovea/protocol";
import { flag, position, share, type LinkFields } from "../frame/link";

/** Everything that the view depends on, besides the answers. */
export interface GroundingState {
  picture: number;
  /** Text of the field. */
  phrase: string;
  /** Layer of the attention; `ALL_LAYERS` is the mean. */
  layer: number;
  threshold: number;
  opacity: number;
  /** Word and patch that stay when the pointer leaves. */
  word?: number;
  patch?: number;
  hoverWord?: number;
  hoverPatch?: number;
  /** Epoch of the replay on the picture; undefined while phrases are shown. */
  epoch?: number;
  /** Held key: show the bare picture. */
  hide: boolean;
  table: boolean;
}

/** The choices that a link holds. */
export const linkFields = ({ pictures, layers, grid }: GroundingPayload): LinkFields<GroundingState> => ({
  picture: position(pictures.length),
  phrase: reading.text(MAX_PHRASE),
  layer: reading.number({ min: ALL_LAYERS, max: layers - 1, integer: true }),
  threshold: share,
  opacity: share,
  patch: position(grid[0] * grid[1]),
  table: flag,
});

export function initialState({ saved, current, threshold }: GroundingPayload): GroundingState {
  const { picture, phrase } = saved[current];
  return { picture, phrase, layer: ALL_LAYERS, threshold, opacity: 0.5, hide: false, table: false };
}

export const shownWord = ({ hoverWord, word }: GroundingState): number | undefined => hoverWord ?? word;
export const shownPatch = ({ hoverPatch, patch }: GroundingState): number | undefined => hoverPatch ?? patch;

const NOTHING = { word: undefined, patch: undefined, hoverWord: undefined, hoverPatch: undefined };

/** Shows a phrase, on another picture where one is named. Releases word and patch, which belong to the phrase before. */
export function showPhrase(state: GroundingState, phrase: string, picture = state.picture): GroundingState {
  return { ...state, ...NOTHING, phrase, picture, epoch: undefined };
}

/** Releases word, patch and epoch. */
export const reset = (state: GroundingState): GroundingState => ({ ...state, ...NOTHING, epoch: undefined });

/** Moves the patch on its grid, from the middle at first. */
export function movePatch(state: GroundingState, { grid }: GroundingPayload, dx: number, dy: number): GroundingState {
  const patch = state.patch === undefined ? middlePatch(grid) : movedPatch(grid, state.patch, dx, dy);
  return { ...state, patch, hoverPatch: undefined };
}

/** Chooses the word before or after; the last one comes before the first. */
export function moveWord(state: GroundingState, words: number, by: number): GroundingState {
  const from = state.word ?? (by > 0 ? -1 : 0);
  return { ...state, word: (from + by + words) % words, hoverWord: undefined };
}

/** Chooses the layer before or after; the mean over all comes before the first. */
export function moveLayer(state: GroundingState, { layers }: GroundingPayload, by: number): GroundingState {
  return { ...state, layer: clamp(state.layer + by, ALL_LAYERS, layers - 1) };
}

/** Shows the phrase of the list before or after the one on screen. */
export function movePhrase(state: GroundingState, { saved }: GroundingPayload, by: number): GroundingState {
  const at = saved.findIndex(({ phrase, picture }) => phrase === state.phrase && picture === state.picture);
  const { phrase, picture } = saved[(at + by + saved.length) % saved.length];
  return showPhrase(state, phrase, picture);
}

export function moveThreshold(state: GroundingState, by: number): GroundingState {
  return { ...state, threshold: Number(clamp(state.threshold + by, 0, 1).toFixed(2)) };
}

/** Shows an epoch of the replay, on the picture of its sample. */
export function showEpoch(state: GroundingState, { replay }: GroundingPayload, epoch: number): GroundingState {
  if (!replay) return state;
  const { phrase, picture, epochs } = replay;
  return { ...showPhrase(state, phrase, picture), epoch: clamp(epoch, 0, epochs.length - 1) };
}
