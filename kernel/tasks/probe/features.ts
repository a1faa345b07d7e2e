import { most, wilson } from "../../numeric";
import { TaskError } from "../error";
import { isWhole } from "../../rules/rule-error";

/** Features of pictures and their classes. */
export interface LabeledFeatures {
  /** [N, C], row by row. */
  features: Float32Array;
  /** Class of each row, a whole number from 0 on; N of them. */
  labels: ArrayLike<number>;
}

/** Checked pair of training and test features. */
export interface ProbeData {
  channels: number;
  classes: number;
}

/**
 * Checks features and labels.
 *
 * @throws TaskError for labels that do not fit the features, or features that are no numbers
 */
export function checkProbe(fn: string, train: LabeledFeatures, test: LabeledFeatures): ProbeData {
  const channels = train.features.length / train.labels.length;
  if (!train.labels.length || !Number.isInteger(channels))
    throw new TaskError(fn, "features must be [N, C] for N labels", [train.features.length, train.labels.length]);
  if (test.features.length !== test.labels.length * channels || !test.labels.length)
    throw new TaskError(fn, `test features must be [N, ${channels}] for N labels`, [
      test.features.length,
      test.labels.length,
    ]);
  for (const { features, labels } of [train, test]) {
    const bad = Array.from(labels).find((label) => !isWhole(label, 0));
    if (bad !== undefined) throw new TaskError(fn, "labels must be whole numbers of at least 0", bad);
    const at = features.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw new TaskError(fn, `features must be finite (row ${Math.floor(at / channels)})`, features[at]);
  }
  const classes = 1 + Math.max(0, most(Array.from(train.labels)));
  const unknown = Array.from(test.labels).find((label) => label >= classes);
  if (unknown !== undefined) throw new TaskError(fn, `test labels must lie in 0..${classes - 1}`, unknown);
  return { channels, classes };
}

/** Share of right answers with its interval. */
export interface ProbeScore {
  /** Share of right predictions, 0 to 1. */
  accuracy: number;
  /** Interval of 95 % for the share (Wilson 1927). */
  interval: readonly [low: number, high: number];
  /** Predicted class of each test row. */
  predictions: Int32Array;
}

/** Returns the score of predictions. */
export function scoreOf(predictions: Int32Array, labels: ArrayLike<number>): ProbeScore {
  const n = predictions.length;
  const accuracy = predictions.reduce((sum, one, i) => sum + Number(one === labels[i]), 0) / n;
  return { accuracy, interval: wilson(accuracy, n), predictions };
}
