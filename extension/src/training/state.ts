import { chartsOf, clamp, type Chart, type RunRecord, reading } from "fovea/protocol";
import { flag, position, type LinkFields } from "../frame/link";

/** Everything that the panels depend on, besides the records. */
export interface TrainingViewState {
  /** Position of the run that buttons, stages and numbers are about. */
  run: number;
  /** Key of the chart beside the loss; the first metric where it is not there. */
  chart: string;
  log: boolean;
  smooth: boolean;
  /** The update that is read out; none at first. */
  cursor?: number;
  /** The evaluation whose pictures are shown; the latest where there is none. */
  evaluation?: number;
  table: boolean;
  /** Stop was pressed once, and there is no checkpoint. */
  confirming: boolean;
}

/** The choices that a link holds. */
export const linkFields = (runs: readonly RunRecord[]): LinkFields<TrainingViewState> => ({
  run: position(runs.length),
  chart: reading.text(200),
  log: flag,
  smooth: flag,
  cursor: reading.number({ min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }),
  table: flag,
});

export const INITIAL: TrainingViewState = {
  run: 0,
  chart: "",
  log: false,
  smooth: true,
  table: false,
  confirming: false,
};

/** The charts that can lie beside the loss. */
export function sideCharts(runs: readonly RunRecord[]): Chart[] {
  return chartsOf(runs).slice(1);
}

/** The chart beside the loss: the chosen one, or the first. */
export function sideChart(runs: readonly RunRecord[], { chart }: TrainingViewState): Chart {
  const charts = sideCharts(runs);
  return charts.find(({ key }) => key === chart) ?? charts[0];
}

/** The chart before or after, round the ends. */
export function moveChart(state: TrainingViewState, runs: readonly RunRecord[], by: number): TrainingViewState {
  const charts = sideCharts(runs);
  const at = charts.findIndex(({ key }) => key === sideChart(runs, state).key);
  return { ...state, chart: charts[(at + by + charts.length) % charts.length].key };
}

/** Moves the cursor along the points of the loss; it comes up at the end of the curve. */
export function moveCursor(state: TrainingViewState, run: RunRecord, by: number): TrainingViewState {
  const steps = run.curve("train", "loss")?.buckets.map(({ step }) => step) ?? [];
  if (!steps.length) return state;
  if (state.cursor === undefined) return { ...state, cursor: by === -Infinity ? steps[0] : steps[steps.length - 1] };
  const at = nearest(steps, state.cursor);
  return { ...state, cursor: steps[clamp(at + by, 0, steps.length - 1)] };
}

/** Position of the value that is nearest. */
export function nearest(values: readonly number[], to: number): number {
  return values.reduce((best, value, i) => (Math.abs(value - to) < Math.abs(values[best] - to) ? i : best), 0);
}

/** Updates after which a run's pictures were made. */
export function evaluationsOf({ matrices }: RunRecord): number[] {
  const steps = new Set(matrices.flatMap(({ frames }) => frames.map(({ step }) => step)));
  return [...steps].sort((a, b) => a - b);
}

/** Earlier or later pictures; the last one is left again for those that come. */
export function moveEvaluation(state: TrainingViewState, run: RunRecord, by: number): TrainingViewState {
  const steps = evaluationsOf(run);
  if (!steps.length) return state;
  const at = state.evaluation === undefined ? steps.length - 1 : nearest(steps, state.evaluation);
  return showEvaluation(state, run, clamp(at + by, 0, steps.length - 1));
}

/** Shows the pictures of an evaluation by its position. */
export function showEvaluation(state: TrainingViewState, run: RunRecord, position: number): TrainingViewState {
  const steps = evaluationsOf(run);
  return { ...state, evaluation: position >= steps.length - 1 ? undefined : steps[position] };
}
