import { type AtlasPayload, clamp, meanWeights, openWeights, reading } from "fovea/protocol";
import { flag, position, share, type LinkFields } from "../frame/link";

/** Everything that the panels depend on, besides the payload. */
export interface AtlasState {
  /** Task whose router and gains are shown. */
  task: number;
  /** Expert that the arrow keys change. */
  expert: number;
  /** Weights set by hand; undefined leaves them to the routers. */
  weights?: number[];
  /** Experts that are switched off; never the stem. */
  closed: boolean[];
  /** Show gains in place of maps. */
  gains: boolean;
  table: boolean;
}

/** The choices that a link holds. */
export const linkFields = ({ tasks, experts: { length } }: AtlasPayload): LinkFields<AtlasState> => ({
  task: position(tasks.length),
  expert: position(length),
  weights: reading.list(share, length, length),
  closed: reading.list(flag, length, length),
  gains: flag,
  table: flag,
});

export function initialState({ current, experts }: AtlasPayload): AtlasState {
  return { task: current, expert: 0, closed: experts.map(() => false), gains: false, table: false };
}

/** Tests for a state in which the routers decide alone. */
export const isRouters = ({ weights, closed }: AtlasState): boolean => !weights && !closed.includes(true);

/** Weights of a task in a state: those set by hand or the mean of its router, of the experts that are on. */
export function weightsOf(payload: AtlasPayload, state: AtlasState, task = state.task): number[] {
  const own = state.weights ?? meanWeights(payload.tasks[task], payload.experts.length);
  return openWeights(own, state.closed);
}

/** Sets the weight of one expert; the others share the rest as before. */
export function setWeight(payload: AtlasPayload, state: AtlasState, expert: number, to: number): AtlasState {
  if (state.closed[expert]) return { ...state, expert };
  const value = clamp(to, 0, 1);
  const before = weightsOf(payload, state);
  const rest = 1 - before[expert];
  const open = state.closed.filter((closed, e) => !closed && e !== expert).length;
  const weights = before.map((weight, e) => {
    if (e === expert) return open ? value : 1;
    if (state.closed[e]) return 0;
    return rest > 1e-6 ? (weight / rest) * (1 - value) : (1 - value) / open;
  });
  return { ...state, expert, weights };
}

/** Switches a teacher off or on; the stem, expert 0, stays. */
export function toggleTeacher(state: AtlasState, expert: number): AtlasState {
  if (expert < 1 || expert >= state.closed.length) return state;
  return { ...state, expert, closed: state.closed.map((closed, e) => (e === expert ? !closed : closed)) };
}

/** Leaves the weights to the routers again, with every teacher on. */
export function reset(state: AtlasState): AtlasState {
  return { ...state, weights: undefined, closed: state.closed.map(() => false) };
}
