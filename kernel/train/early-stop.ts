import { TrainError } from "./error";

export interface EarlyStop {
  /** Of the validation's numbers. */
  metric: string;
  /** Validations without improvement after which the stage ends. */
  patience: number;
  /** Default `min`: smaller is better. */
  mode?: "min" | "max";
  /** What counts as an improvement, default 0: any. */
  minDelta?: number;
}

/** What has been seen so far. */
export interface EarlyStopState {
  best: number | null;
  /** Validations since the best. */
  since: number;
}

export const NOTHING_SEEN: EarlyStopState = { best: null, since: 0 };

/** Takes in a validation. */
export function seen(
  { metric, mode = "min", minDelta = 0 }: EarlyStop,
  state: EarlyStopState,
  numbers: Record<string, number>,
): EarlyStopState {
  const value = numbers[metric];
  if (value === undefined)
    throw new TrainError("train.fit", `validation must give ${metric}, by which it stops early`, Object.keys(numbers));
  const gain = state.best === null ? Infinity : mode === "min" ? state.best - value : value - state.best;
  return gain > minDelta ? { best: value, since: 0 } : { ...state, since: state.since + 1 };
}
