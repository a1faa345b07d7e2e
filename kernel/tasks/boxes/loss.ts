import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { crossEntropy, smoothL1 } from "../../nn/losses";
import { gatherRows } from "../../nn/operations/rows";
import { softmax } from "../../numeric";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import type { Pair } from "../assignment/dense";
import { TaskError } from "../error";
import { match, type MatchCosts, type PlainBoxes } from "./match";
import { checkBox, type CenterBox, toCorners } from "./plain";
import { boxCorners, generalizedBoxIou } from "./tensors";

/** Class of a query that has found an object, and of one that has not. */
const [FOREGROUND, NO_OBJECT] = [0, 1];

/** Boxes that queries predict. */
export interface BoxPredictions {
  /** `[B, Q, 2]`: foreground, no object. */
  logits: Tensor;
  /** `[B, Q, 4]`: center and size as shares of the picture. */
  boxes: Tensor;
}

/** Boxes of each picture of a batch: center and size as shares of the picture. */
export type BoxTargets = readonly (readonly CenterBox[])[];

/** Options of {@link setLoss}. */
export interface BoxLossOptions {
  /** Factor of the cross-entropy. Default 1. */
  class?: number;
  /** Factor of the L1 distance. Default 5. */
  l1?: number;
  /** Factor of 1 - GIoU. Default 2. */
  giou?: number;
  /** Weight of the class without object in the cross-entropy. Default 0.1. */
  noObject?: number;
  /** Weights of the matcher. Default 1, 5 and 2. */
  costs?: MatchCosts;
}

/** Loss of a set of predictions. */
export interface SetLoss {
  /** Scalar. */
  loss: Tensor;
  /** Query and target of each matched box, by picture. */
  pairs: Pair[][];
  /** Predictions in plain numbers, by picture. */
  plain: PlainBoxes[];
}

const NAMES: OptionNames<BoxLossOptions> = { class: true, l1: true, giou: true, noObject: true, costs: true };

/** Reads predictions as plain numbers, by picture. No gradient passes. */
export function plainOf({ logits, boxes }: BoxPredictions): PlainBoxes[] {
  const [B, Q] = logits.shape as [number, number];
  const scores = logits.dataSync() as Float32Array;
  const places = boxes.dataSync() as Float32Array;
  return Array.from({ length: B }, (_, b) => {
    const queries = Array.from({ length: Q }, (_, q) => b * Q + q);
    return {
      scores: queries.map((at) => softmax(scores.slice(2 * at, 2 * at + 2), 1)[FOREGROUND]),
      boxes: queries.map((at): CenterBox => [
        places[4 * at],
        places[4 * at + 1],
        places[4 * at + 2],
        places[4 * at + 3],
      ]),
    };
  });
}

/**
 * Returns the loss of predictions that are matched to targets first (DETR, arXiv 2005.12872, section 3.1; weights of arXiv 2409.17531):
 *
 *     class · CE(weights [1, noObject], weighted mean) + l1 · Σ|p - y| / n + giou · Σ(1 - GIoU) / n,   n = targets, at least 1
 *
 * Center and size enter the distance; a query without a target has the class without object alone.
 *
 * @param targets boxes of each picture; a picture may have none
 * @throws TaskError for other shapes, another number of pictures, a factor below 0 or not finite, or a target whose size is
 */
export function setLoss(predictions: BoxPredictions, targets: BoxTargets, options: BoxLossOptions = {}): SetLoss {
  const fn = "tasks.boxes.setLoss";
  checkArguments(fn, TaskError, { predictions }, { predictions: { logits: "tensor", boxes: "tensor" } });
  checkOptionNames(fn, options, NAMES, TaskError);
  const { logits, boxes } = predictions;
  const [B, Q] = logits.shape;
  if (logits.shape.join() !== `${B},${Q},2` || boxes.shape.join() !== `${B},${Q},4`)
    throw new TaskError(fn, "logits must be [B, Q, 2] and boxes [B, Q, 4]", [`[${logits.shape}]`, `[${boxes.shape}]`]);
  if (targets.length !== B) throw new TaskError(fn, `there must be targets of each of ${B} pictures`, targets.length);
  checkFactors(fn, options);
  for (const target of targets.flat()) checkTarget(fn, target);
  const plain = plainOf(predictions);
  const pairs = plain.map((one, b) => match(one, targets[b], options.costs));
  const loss = tf.tidy(() => weighted(predictions, { targets, pairs }, options));
  return { loss, pairs, plain };
}

/** Refuses factors that would make the loss fall where predictions become worse. */
function checkFactors(fn: string, { class: ofClass, l1, giou, noObject }: BoxLossOptions): void {
  for (const [name, value] of Object.entries({ class: ofClass, l1, giou, noObject }))
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw new TaskError(fn, `${name} must be a finite number of at least 0`, value);
}

function checkTarget(fn: string, target: CenterBox): void {
  checkBox(fn, target);
  if (!(target[2] >= 0 && target[3] >= 0))
    throw new TaskError(fn, "width and height of a target must be at least 0", target);
}

interface Matched {
  targets: BoxTargets;
  pairs: readonly Pair[][];
}

function weighted({ logits, boxes }: BoxPredictions, matched: Matched, options: BoxLossOptions): Tensor {
  const { class: ofClass = 1, l1 = 5, giou = 2, noObject = 0.1 } = options;
  const { targets, pairs } = matched;
  const Q = logits.shape[1] as number;
  const queries = pairs.flatMap((own, b) => own.map(([query]) => b * Q + query));
  const found = pairs.flatMap((own, b) => own.map(([, target]) => targets[b][target]));
  const entropy = tf.mul(classLoss(logits, queries, noObject), ofClass);
  if (!found.length) return entropy;
  const count = Math.max(
    1,
    targets.reduce((sum, { length }) => sum + length, 0),
  );
  const own = gatherRows(tf.reshape(boxes, [-1, 4]), tf.tensor1d(queries, "int32"));
  const distance = smoothL1(own, rowsOf(found), { beta: 0, reduction: "sum" });
  const overlap = generalizedBoxIou(boxCorners(own), rowsOf(found.map(toCorners)));
  const apart = tf.sum(tf.sub(1, overlap));
  return tf.addN([entropy, tf.mul(distance, l1 / count), tf.mul(apart, giou / count)]);
}

const rowsOf = (boxes: readonly CenterBox[]): Tensor => tf.tensor2d(boxes.flat(), [boxes.length, 4]);

function classLoss(logits: Tensor, queries: readonly number[], noObject: number): Tensor {
  const rows = tf.reshape(logits, [-1, 2]);
  const classes = new Int32Array(rows.shape[0]).fill(NO_OBJECT);
  for (const query of queries) classes[query] = FOREGROUND;
  return crossEntropy(rows, tf.tensor1d(classes, "int32"), { weight: [1, noObject] });
}
