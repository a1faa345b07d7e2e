import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { crossEntropy, normalize } from "../../nn/losses";
import { TaskError } from "../error";
import { type DenseTask, FACTS, IGNORE } from "./facts";

/** Weight of boundary pixels in the boundary loss; the others have the rest. */
const POSITIVE = 0.95;

function checkShapes(fn: string, logits: Tensor, labels: Tensor, channels: number | null): void {
  const [B, C, H, W] = logits.shape;
  const expected = channels === null ? [B, H, W] : [B, channels, H, W];
  const fits = logits.shape.length === 4 && labels.shape.join() === expected.join() && (channels ?? C) === C;
  if (!fits)
    throw new TaskError(fn, `predictions must be [B, ${channels ?? "C"}, H, W], labels [${expected.join(", ")}]`, [
      `[${logits.shape.join(", ")}]`,
      `[${labels.shape.join(", ")}]`,
    ]);
}

/** Returns the number of ones, at least 1, so that pictures without label have the loss 0. */
const countOf = (mask: Tensor): Tensor => tf.maximum(tf.sum(mask), 1);

const masked = (labels: Tensor, kept: Tensor): Tensor =>
  tf.cast(tf.where(tf.cast(kept, "bool"), labels, tf.fill(labels.shape, IGNORE, "int32")), "int32");

/**
 * Cross-entropy of classes, summed over labelled pixels and divided by their number; 0 without any.
 *
 * @param logits [B, C, H, W]
 * @param labels int32 [B, H, W], 255 where there is none
 * @throws TaskError for other shapes; NnError for a label outside the classes
 */
export function classLoss(logits: Tensor, labels: Tensor): Tensor {
  checkShapes("tasks.dense.classLoss", logits, labels, null);
  return tf.tidy(() => {
    const valid = tf.cast(tf.notEqual(labels, IGNORE), "float32");
    return tf.div(classSum(logits, labels), countOf(valid));
  });
}

function classSum(logits: Tensor, labels: Tensor): Tensor {
  const rows = tf.reshape(tf.transpose(logits, [0, 2, 3, 1]), [-1, logits.shape[1] as number]);
  return crossEntropy(rows, tf.reshape(labels, [-1]), { reduction: "sum", ignoreIndex: IGNORE });
}

/**
 * Cross-entropy of two classes whose weights are each the share of the other class in the batch, divided by the number of labelled pixels.
 *
 * @param logits [B, 2, H, W]
 * @param labels int32 [B, H, W], 0, 1, or 255 where there is none
 * @throws TaskError for other shapes; NnError for another label
 */
export function balancedLoss(logits: Tensor, labels: Tensor): Tensor {
  checkShapes("tasks.dense.balancedLoss", logits, labels, null);
  if (logits.shape[1] !== 2) throw new TaskError("tasks.dense.balancedLoss", "there must be two classes", logits.shape);
  return tf.tidy(() => {
    const valid = tf.notEqual(labels, IGNORE);
    const positive = tf.equal(labels, 1);
    const other = tf.logicalAnd(valid, tf.logicalNot(positive));
    const count = countOf(tf.cast(valid, "float32"));
    const share = (mask: Tensor): Tensor => tf.div(tf.sum(tf.cast(mask, "float32")), count);
    const positives = tf.mul(classSum(logits, masked(labels, positive)), share(other));
    const negatives = tf.mul(classSum(logits, masked(labels, other)), share(positive));
    return tf.div(tf.add(positives, negatives), count);
  });
}

/**
 * Weighted binary cross-entropy of boundaries: 0.95 on boundaries, 0.05 elsewhere, mean over labelled pixels.
 *
 * @param logits [B, 1, H, W]
 * @param labels [B, 1, H, W], 0, 1, or 255 where there is none
 * @throws TaskError for other shapes
 */
export function boundaryLoss(logits: Tensor, labels: Tensor): Tensor {
  checkShapes("tasks.dense.boundaryLoss", logits, labels, 1);
  return tf.tidy(() => {
    const valid = tf.cast(tf.notEqual(labels, IGNORE), "float32");
    const truth = tf.cast(tf.equal(labels, 1), "float32");
    const weight = tf.mul(valid, tf.add(tf.mul(truth, 2 * POSITIVE - 1), 1 - POSITIVE));
    return tf.div(binarySum(logits, truth, weight), countOf(valid));
  });
}

/** Returns Σ w (max(x, 0) - x y + log(1 + exp(-|x|))), with the gradient w (σ(x) - y). */
function binarySum(logits: Tensor, truth: Tensor, weight: Tensor): Tensor {
  const operation = tf.customGrad((x, save) => {
    (save as (tensors: Tensor[]) => void)([x as Tensor, truth, weight]);
    const tail = tf.log(tf.add(tf.exp(tf.neg(tf.abs(x as Tensor))), 1));
    const each = tf.add(tf.sub(tf.relu(x as Tensor), tf.mul(x as Tensor, truth)), tail);
    const gradFunc = (dy: Tensor, [x, truth, weight]: Tensor[]): Tensor =>
      tf.mul(dy, tf.mul(weight, tf.sub(tf.sigmoid(x), truth)));
    return { value: tf.sum(tf.mul(weight, each)), gradFunc };
  });
  return operation(logits);
}

/**
 * Absolute difference of unit normals, summed over channels and divided by the number of labelled pixels. Predictions are brought to
 * length 1.
 *
 * @param prediction [B, 3, H, W]
 * @param labels [B, 3, H, W], unit vectors, zeros where there is none
 * @throws TaskError for other shapes
 */
export function normalsLoss(prediction: Tensor, labels: Tensor): Tensor {
  checkShapes("tasks.dense.normalsLoss", prediction, labels, 3);
  return tf.tidy(() => {
    const [unit, truth] = [prediction, labels].map((x) => tf.transpose(x, [0, 2, 3, 1]));
    const valid = tf.cast(tf.greater(tf.sum(tf.square(truth), -1, true), 0), "float32");
    const apart = tf.mul(tf.abs(tf.sub(normalize(unit), truth)), valid);
    return tf.div(tf.sum(apart), countOf(valid));
  });
}

/**
 * Absolute difference of depths, mean over labelled pixels.
 *
 * @param prediction [B, 1, H, W]
 * @param labels [B, 1, H, W], 0 where the depth is not known
 * @throws TaskError for other shapes
 */
export function depthLoss(prediction: Tensor, labels: Tensor): Tensor {
  checkShapes("tasks.dense.depthLoss", prediction, labels, 1);
  return tf.tidy(() => {
    const valid = tf.cast(tf.greater(labels, 0), "float32");
    return tf.div(tf.sum(tf.mul(tf.abs(tf.sub(prediction, labels)), valid)), countOf(valid));
  });
}

type Loss = (prediction: Tensor, labels: Tensor) => Tensor;

const LOSSES: Readonly<Record<DenseTask, Loss>> = {
  semseg: classLoss,
  parts: classLoss,
  saliency: balancedLoss,
  normals: normalsLoss,
  boundary: boundaryLoss,
  depth: depthLoss,
};

/** Predictions or labels by task. */
export type ByTask = Readonly<Partial<Record<DenseTask, Tensor>>>;

/**
 * Returns the sum over tasks of weight · loss, with the weights of arXiv 2410.14633 where `weights` names no other.
 *
 * @param predictions of the heads
 * @param labels of the same tasks
 * @throws TaskError for a task without labels or without any task
 */
export function denseLoss(
  predictions: ByTask,
  labels: ByTask,
  weights: Readonly<Partial<Record<DenseTask, number>>> = {},
): Tensor {
  checkArguments("tasks.dense.loss", TaskError, { predictions }, { predictions: "object" });
  const tasks = Object.keys(predictions) as DenseTask[];
  if (tasks.length === 0) throw new TaskError("tasks.dense.loss", "there must be a task", "none");
  const parts = tasks.map((task) => {
    const [prediction, label] = [predictions[task], labels[task]];
    if (!prediction || !label) throw new TaskError("tasks.dense.loss", `the batch must have labels of ${task}`, "none");
    return () => tf.mul(LOSSES[task](prediction, label), weights[task] ?? FACTS[task].weight);
  });
  return tf.tidy(() => parts.map((part) => part()).reduce((sum, part) => tf.add(sum, part)));
}
