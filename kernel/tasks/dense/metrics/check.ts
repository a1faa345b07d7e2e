import { TaskError } from "../../error";

/** Checks that a prediction and a label have the same number of values, at least one. */
export function checkLengths(fn: string, prediction: ArrayLike<number>, label: ArrayLike<number>): void {
  if (prediction.length > 0 && prediction.length === label.length) return;
  throw new TaskError(fn, "prediction and label must have the same number of values", [
    prediction.length,
    label.length,
  ]);
}

/** Refuses a value that is no finite number. */
export function checkFinite(fn: string, name: string, value: number): void {
  if (!Number.isFinite(value)) throw new TaskError(fn, `${name} must be finite`, value);
}
