import { TrainError } from "../error";

/** Early end of a stage by a validation's number. */
export interface EarlyStop {
  /** Name of the validation's number. */
  metric: string;
  /** Validations without improvement before the stage ends. */
  patience: number;
  /** Direction of improvement. Default `min`: smaller is better. */
  mode?: "min" | "max";
  /** Smallest change that counts as an improvement. Default 0: any. */
  minDelta?: number;
}

/** State of early stopping. */
export interface EarlyStopState {
  best: number | null;
  /** Number of validations since the best. */
  since: number;
}

export const NOTHING_SEEN: EarlyStopState = { best: null, since: 0 };

/** Adds a validation to the state. */
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
