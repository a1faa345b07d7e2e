import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { startTfjs } from "../../backend/tfjs";
import { checkOptionNames } from "../../rules/option-names";
import { TaskError } from "../error";
import { checkProbe, type LabeledFeatures, type ProbeScore, scoreOf } from "./features";
import { minimize, type Slope } from "./minimize";
import { meanRow } from "../../numeric";

/** Options of {@link linear}. */
export interface LinearProbeOptions {
  /** Weight of half the squared weights beside the mean loss. Default 0.001. */
  l2?: number;
  /** Most steps of the optimizer. Default 500. */
  steps?: number;
}

/** Score of a linear probe, and the probe. */
export interface LinearProbeScore extends ProbeScore {
  /** [C, K] for standardized features. */
  weights: Float32Array;
  /** [K]. */
  bias: Float32Array;
}

/**
 * Fits a linear classifier to frozen features: multinomial logistic regression on features standardized by the training rows,
 * with a penalty on the weights and none on the biases (as scikit-learn's `LogisticRegression` with C = 1 / (l2 · N)). Starts the
 * default device where none was started.
 *
 * @param train features [N, C] with N labels
 * @param test features [M, C] with M labels
 * @throws TaskError for labels that do not fit the features, or a penalty below 0
 */
export async function linear(
  train: LabeledFeatures,
  test: LabeledFeatures,
  options: LinearProbeOptions = {},
): Promise<LinearProbeScore> {
  const fn = "tasks.probe.linear";
  checkArguments(
    fn,
    TaskError,
    { train, test },
    { train: { features: "list", labels: "list" }, test: { features: "list", labels: "list" } },
  );
  checkOptionNames(fn, options, { l2: true, steps: true }, TaskError);
  const { l2 = 1e-3, steps = 500 } = options;
  const { channels, classes } = checkProbe(fn, train, test);
  if (!(l2 >= 0)) throw new TaskError(fn, "l2 must be at least 0", l2);
  await startTfjs();
  const standard = standardOf(train.features, channels);
  const found = await fit(standard(train.features), train.labels, { l2, channels, classes }, steps);
  const weights = Float32Array.from(found.subarray(0, channels * classes));
  const bias = Float32Array.from(found.subarray(channels * classes));
  const predictions = tf.tidy(() => {
    const x = tf.tensor(standard(test.features), [test.labels.length, channels]);
    const scores = tf.matMul(x, tf.tensor(weights, [channels, classes]));
    return tf.argMax(tf.add(scores, tf.tensor(bias, [classes])), 1);
  });
  const classesOf = Int32Array.from(await predictions.data());
  predictions.dispose();
  return { ...scoreOf(classesOf, test.labels), weights, bias };
}

/** Returns the weights [C, K] followed by the biases [K] of the best probe. */
async function fit(
  rows: Float32Array,
  labels: ArrayLike<number>,
  sizes: Omit<Problem, "x" | "y">,
  steps: number,
): Promise<Float64Array> {
  const { channels, classes } = sizes;
  const x = tf.tensor(rows, [labels.length, channels]);
  const y = tf.tidy(() => {
    const indices = tf.tensor(Array.from(labels), undefined, "int32");
    return tf.cast(tf.oneHot(indices as never, classes), "float32");
  });
  try {
    const start = new Float64Array((channels + 1) * classes);
    return await minimize(start, (place) => slopeAt(place, { x, y, ...sizes }), { steps });
  } finally {
    tf.dispose([x, y]);
  }
}

/** Returns the function that takes mean and deviation of the training rows out of features; constant channels become 0. */
function standardOf(features: Float32Array, channels: number): (rows: Float32Array) => Float32Array {
  const count = features.length / channels;
  const mean = meanRow(features, channels);
  const square = new Float64Array(channels);
  features.forEach((value, i) => (square[i % channels] += (value - mean[i % channels]) ** 2 / count));
  const scale = square.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0));
  return (rows) => rows.map((value, i) => (value - mean[i % channels]) * scale[i % channels]);
}

interface Problem {
  x: Tensor;
  y: Tensor;
  l2: number;
  channels: number;
  classes: number;
}

/** Returns the mean loss with its penalty and the gradient, Xᵀ(softmax(X W + b) - Y) / N + l2 W. */
async function slopeAt(place: Float64Array, { x, y, l2, channels, classes }: Problem): Promise<Slope> {
  const size = channels * classes;
  const all = tf.tidy(() => {
    const values = Float32Array.from(place);
    const weights = tf.tensor(values.subarray(0, size), [channels, classes]);
    const scores = tf.add(tf.matMul(x, weights), tf.tensor(values.subarray(size), [classes]));
    const logs = tf.logSoftmax(scores as never) as Tensor;
    const loss = tf.neg(tf.mean(tf.sum(tf.mul(y, logs), 1)));
    const wrong = tf.div(tf.sub(tf.exp(logs), y), x.shape[0]);
    const parts = [tf.matMul(x, wrong as never, true), tf.sum(wrong, 0), loss].map((part) => tf.reshape(part, [-1]));
    return tf.concat(parts, 0);
  });
  const found = Float64Array.from(await all.data());
  all.dispose();
  const penalty = place.subarray(0, size).reduce((sum, value) => sum + value ** 2, 0) / 2;
  const gradient = found.slice(0, -1).map((value, i) => (i < size ? value + l2 * place[i] : value));
  return { value: found[found.length - 1] + l2 * penalty, gradient };
}
