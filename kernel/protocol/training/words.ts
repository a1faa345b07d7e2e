import { numberText } from "../core/words";
import type { RunState } from "../status";
import type { RunProgress } from "./payload";
import type { RunRecord } from "./record";

/** "about 3 min", "45 s", "1 h 20 min". */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "12.3" updates or examples a second. */
export const rateText = (value: number): string =>
  value >= 100 ? numberText(Math.round(value)) : value.toPrecision(3);

/** Words for a state, in a sentence of a plain text. */
export const STATE_WORDS: Record<RunState, string> = {
  waiting: "has not begun",
  running: "running",
  pausing: "pausing",
  paused: "paused",
  stopping: "stopping",
  finished: "finished",
  stopped: "stopped",
  interrupted: "interrupted",
  failed: "failed",
};

/** The latest numbers of a run: each curve's name and last value. */
export function latestNumbers(run: RunRecord): [name: string, value: number][] {
  return run.curves.flatMap(({ kind, name, curve }) => {
    const last = curve.last;
    return last
      ? [[kind === "validation" ? `validation ${name}` : kind === "rate" ? `rate of ${name}` : name, last.value]]
      : [];
  });
}

/** "update 412 of 1,200, stage adapters (2 of 2)". */
export function placeText({ plan }: RunRecord, progress: RunProgress): string {
  const stage = plan?.stages[progress.stage];
  const where = `stage ${stage?.name} (${progress.stage + 1} of ${plan?.stages.length})`;
  return `update ${numberText(progress.step)} of ${numberText(plan?.totalSteps ?? 0)}, ${where}`;
}
