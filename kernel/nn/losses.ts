import { checkArguments } from "../rules/arguments";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { checkIndices } from "./layers/embedding";
import { NnError } from "./error";

/** Reduction of a loss: `mean` over the counted entries, PyTorch's default, or `sum`. */
export type Reduction = "mean" | "sum";

/** Reduction of a loss of pairs; `none` returns a loss for each entry. */
export type PairReduction = Reduction | "none";

function reduce(x: Tensor, reduction: PairReduction): Tensor {
  if (reduction === "none") return x;
  return reduction === "mean" ? tf.mean(x) : tf.sum(x);
}

function checkSame(fn: string, a: Tensor, b: Tensor): void {
  if (a.shape.join() !== b.shape.join())
    throw new NnError(fn, `both inputs must be of one shape, the first is [${a.shape}]`, b.shape);
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Reduction over the targets. Default `mean`. */
  reduction?: Reduction;
  /** Share of the target spread evenly over all classes. Default 0. */
  labelSmoothing?: number;
  /** Target value that is not counted. Default -100. */
  ignoreIndex?: number;
  /** Factor of each class, C numbers of at least 0; the mean divides by the sum of the targets' factors. Default: all 1. */
  weight?: readonly number[];
}

const CROSS_ENTROPY: OptionNames<CrossEntropyOptions> = {
  reduction: true,
  labelSmoothing: true,
  ignoreIndex: true,
  weight: true,
};

/**
 * Returns -log softmax(logits)[target] (`torch.nn.functional.cross_entropy`). The mean runs over targets that are not
 * ignored, and is NaN when all are.
 *
 * @param logits [N, C]
 * @param targets int32 [N]
 * @throws NnError for an unknown option, other shapes or types, or weights of another number
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptionNames("nn.crossEntropy", options, CROSS_ENTROPY, NnError);
  const { reduction = "mean", labelSmoothing = 0, ignoreIndex = -100, weight } = options;
  const [N, C] = logits.shape;
  if (logits.shape.length !== 2 || targets.shape.join() !== `${N}` || targets.dtype !== "int32")
    throw new NnError("nn.crossEntropy", "logits must be [N, C], targets int32 [N]", [
      `[${logits.shape}]`,
      `${targets.dtype} [${targets.shape}]`,
    ]);
  checkIndices("nn.crossEntropy", targets, C as number, ignoreIndex);
  if (weight && (weight.length !== C || !weight.every((factor) => factor >= 0)))
    throw new NnError("nn.crossEntropy", `weight must be ${C} numbers of at least 0`, [...weight]);
  const counted = tf.cast(tf.notEqual(targets, ignoreIndex), "float32");
  const goal = targetShares(targets, counted, C as number, labelSmoothing);
  if (!weight) return reduced(softmaxLoss(logits, goal), counted, reduction);
  const factors = tf.tensor([...weight], [1, C as number], "float32");
  const weighted = tf.sum(tf.mul(targetShares(targets, counted, C as number, 0), factors), 1);
  return reduced(softmaxLoss(logits, tf.mul(goal, factors)), weighted, reduction);
}

const reduced = (total: Tensor, counted: Tensor, reduction: Reduction): Tensor =>
  reduction === "sum" ? total : tf.div(total, tf.sum(counted));

/** Returns the target distribution [N, C]: 1 - ε on the target plus ε / C everywhere; ignored rows are zero. */
function targetShares(targets: Tensor, counted: Tensor, classes: number, smoothing: number): Tensor {
  const known = tf.mul(targets, tf.cast(counted, "int32"));
  // Whole numbers first, because wasm's oneHot fails on fractions.
  const hot = tf.cast(tf.oneHot(known, classes), "float32");
  const shares = tf.add(tf.mul(hot, 1 - smoothing), smoothing / classes);
  return tf.mul(shares, tf.reshape(counted, [-1, 1]));
}

/** Returns -Σ goal · log softmax(logits), with the gradient softmax · Σ goal - goal. */
function softmaxLoss(logits: Tensor, goal: Tensor): Tensor {
  const operation = tf.customGrad((logits, save) => {
    const logs = tf.logSoftmax(logits as Tensor);
    (save as (tensors: Tensor[]) => void)([logs, goal]);
    const gradFunc = (dy: Tensor, [logs, goal]: Tensor[]): Tensor =>
      tf.mul(dy, tf.sub(tf.mul(tf.exp(logs), tf.sum(goal, 1, true)), goal));
    return { value: tf.neg(tf.sum(tf.mul(goal, logs))), gradFunc };
  });
  return operation(logits);
}

/**
 * Returns (a - b)² (`torch.nn.functional.mse_loss`); `a` and `b` have one shape.
 *
 * @throws NnError for an unknown option, or other shapes
 */
export function mse(a: Tensor, b: Tensor, options: { reduction?: PairReduction } = {}): Tensor {
  checkOptionNames("nn.mse", options, { reduction: true }, NnError);
  const { reduction = "mean" } = options;
  checkSame("nn.mse", a, b);
  return reduce(tf.square(tf.sub(a, b)), reduction);
}

/**
 * Returns d² / 2β where |d| < β, else |d| - β/2, for d = a - b (`torch.nn.functional.smooth_l1_loss`). β = 0 gives |d|;
 * default 1. Both inputs have one shape.
 *
 * @throws NnError for an unknown option, or other shapes
 */
export function smoothL1(a: Tensor, b: Tensor, options: { reduction?: PairReduction; beta?: number } = {}): Tensor {
  checkOptionNames("nn.smoothL1", options, { reduction: true, beta: true }, NnError);
  const { reduction = "mean", beta = 1 } = options;
  checkSame("nn.smoothL1", a, b);
  const difference = tf.sub(a, b);
  return reduce(beta === 0 ? tf.abs(difference) : smooth(difference, beta), reduction);
}

/** Computes n (d - n / 2) / β with n = d brought to -β..β, whose derivative is n / β: no comparison is needed for either. */
function smooth(difference: Tensor, beta: number): Tensor {
  const nearOf = (d: Tensor): Tensor => tf.maximum(tf.minimum(d, beta), -beta);
  const operation = tf.customGrad((d, save) => {
    (save as (tensors: Tensor[]) => void)([d as Tensor]);
    const near = nearOf(d as Tensor);
    const value = tf.div(tf.mul(near, tf.sub(d as Tensor, tf.div(near, 2))), beta);
    return { value, gradFunc: (dy: Tensor, [d]: Tensor[]) => tf.mul(dy, tf.div(nearOf(d), beta)) };
  });
  return operation(difference);
}

/** Returns x / max(‖x‖, eps) over the last dimension (`torch.nn.functional.normalize`). x is [..., D]. */
export function normalize(x: Tensor, eps = 1e-12): Tensor {
  checkArguments("nn.normalize", NnError, { x }, { x: "tensor" });
  const length = tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), eps * eps));
  return tf.div(x, length);
}

/**
 * Returns 1 - cos(a, b) over the last dimension (`torch.nn.functional.cosine_embedding_loss` with target 1). Both are
 * [..., D], of one shape.
 *
 * @throws NnError for an unknown option, or other shapes
 */
export function cosineLoss(a: Tensor, b: Tensor, options: { reduction?: PairReduction } = {}): Tensor {
  checkOptionNames("nn.cosineLoss", options, { reduction: true }, NnError);
  const { reduction = "mean" } = options;
  checkSame("nn.cosineLoss", a, b);
  const squared = (x: Tensor): Tensor => tf.add(tf.sum(tf.square(x), -1), COSINE_EPS);
  const lengths = tf.sqrt(tf.mul(squared(a), squared(b)));
  return reduce(tf.sub(1, tf.div(tf.sum(tf.mul(a, b), -1), lengths)), reduction);
}

/** Number that PyTorch's cosine embedding loss adds to each squared length. */
export const COSINE_EPS = 1e-12;

/**
 * Returns T² KL(softmax(teacher / T) ‖ softmax(student / T)), summed over classes and averaged over rows (Hinton et
 * al., arXiv 1503.02531). The teacher gets no gradient.
 *
 * @param student logits [N, C]
 * @param teacher logits [N, C]
 * @throws NnError for an unknown option, or other shapes
 */
export function distillation(student: Tensor, teacher: Tensor, options: { temperature?: number } = {}): Tensor {
  checkOptionNames("nn.distillation", options, { temperature: true }, NnError);
  const { temperature = 1 } = options;
  checkSame("nn.distillation", student, teacher);
  const goal = stopGradient(tf.softmax(tf.div(stopGradient(teacher), temperature)));
  const entropy = tf.sum(tf.mul(goal, tf.log(tf.maximum(goal, TINY))));
  const divergence = tf.add(softmaxLoss(tf.div(student, temperature), goal), entropy);
  return tf.mul(divergence, temperature ** 2 / (student.shape[0] as number));
}

/** Smallest share, above single precision's smallest normal number, so that 0 log 0 is 0. */
const TINY = 1e-37;

/** Returns the same values as a constant for the gradient. x of any shape. */
export function stopGradient(x: Tensor): Tensor {
  checkArguments("nn.stopGradient", NnError, { x }, { x: "tensor" });
  const operation = tf.customGrad((x) => ({
    value: tf.clone(x as Tensor),
    gradFunc: (dy: Tensor) => tf.zerosLike(dy),
  }));
  return operation(x);
}

/**
 * Returns the contrastive loss of pairs (InfoNCE, arXiv 1807.03748; symmetric as CLIP's, arXiv 2103.00020). Row i of
 * `a` belongs to row i of `b`; all other rows are negatives. Cosine similarities are divided by the temperature.
 *
 * @param a [N, D]
 * @param b [N, D]
 * @param options `temperature`: default 0.07; a scalar tensor is trainable
 * @throws NnError for an unknown option, or other shapes
 */
export function infoNce(
  a: Tensor,
  b: Tensor,
  options: { temperature?: number | Tensor; symmetric?: boolean } = {},
): Tensor {
  checkOptionNames("nn.infoNce", options, { temperature: true, symmetric: true }, NnError);
  const { temperature = 0.07, symmetric = true } = options;
  checkSame("nn.infoNce", a, b);
  const logits = tf.div(tf.matMul(normalize(a), normalize(b), false, true), temperature);
  const own = tf.range(0, a.shape[0] as number, 1, "int32");
  const forward = crossEntropy(logits, own);
  return symmetric ? tf.mul(tf.add(forward, crossEntropy(tf.transpose(logits), own)), 0.5) : forward;
}
