import type { FitChoice, LawPayload } from "fovea/protocol";
import { flag, position, type LinkFields } from "../frame/link";

/** Everything that the panels depend on, besides the payload and the fit. */
export interface LawState {
  benchmark: number;
  choice: FitChoice;
  /** Predictions of fits that have not seen the encoder. */
  leaveOneOut: boolean;
  residuals: boolean;
  table: boolean;
  /** Position in `encoders` of the cursor that the arrow keys move. */
  cursor: number;
  /** True if the arrow keys have been used, so that the cursor is shown. */
  focused: boolean;
  hover?: number;
  selected?: number;
}

/** The choices that a link holds; a fit that the page does not have needs a kernel. */
export const linkFields = ({ benchmarks, encoders }: LawPayload): LinkFields<LawState> => ({
  benchmark: position(benchmarks.length),
  leaveOneOut: flag,
  residuals: flag,
  table: flag,
  cursor: position(encoders.length),
  selected: position(encoders.length),
});

export function initialState(payload: LawPayload): LawState {
  return {
    benchmark: payload.current,
    choice: payload.fits[0].choice,
    leaveOneOut: payload.leaveOneOut,
    residuals: payload.residuals,
    table: false,
    cursor: 0,
    focused: false,
  };
}

/** The encoder that the live text is about: the hovered one, else the cursor's, else the selected one. */
export function activeEncoder(state: LawState): number | undefined {
  return state.hover ?? (state.focused ? state.cursor : state.selected);
}

/** Moves the cursor along the encoders of the benchmark, round the ends. `encoders` are positions, in order. */
export function moveCursor(state: LawState, encoders: readonly number[], by: number): LawState {
  const at = encoders.indexOf(state.cursor);
  const from = state.focused ? at : at - Math.sign(by);
  const next = encoders[(((from + by) % encoders.length) + encoders.length) % encoders.length];
  return { ...state, cursor: next, focused: true, hover: undefined };
}

/** Selects an encoder everywhere, or releases it where it is selected already. */
export function select(state: LawState, encoder: number): LawState {
  const selected = state.selected === encoder ? undefined : encoder;
  return { ...state, selected, cursor: encoder };
}

export function clearSelection(state: LawState): LawState {
  return { ...state, selected: undefined, hover: undefined, focused: false };
}

/** The benchmark before or after, round the ends. */
export function moveBenchmark(state: LawState, payload: LawPayload, by: number): LawState {
  const count = payload.benchmarks.length;
  return { ...state, benchmark: (state.benchmark + by + count) % count };
}
