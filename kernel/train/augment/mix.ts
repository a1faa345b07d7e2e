import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Prng } from "../../numeric/prng";
import { TrainError } from "../error";
import type { FloatPicture } from "./picture";

/**
 * Returns pictures of one size as a tensor.
 *
 * @returns [B, 3, H, W]; it belongs to the caller
 * @throws TrainError for no picture, or pictures of several sizes
 */
export function stackPictures(pictures: readonly FloatPicture[]): Tensor {
  const fn = "train.augment.stackPictures";
  checkArguments(fn, TrainError, { pictures }, { pictures: ["object"] });
  if (!pictures.length) throw new TrainError(fn, "there must be a picture", "none");
  const [{ height, width }] = pictures;
  const other = pictures.find((picture) => picture.height !== height || picture.width !== width);
  if (other) throw new TrainError(fn, `pictures must have one size, ${height} x ${width}`, [other.height, other.width]);
  const data = new Float32Array(pictures.length * 3 * height * width);
  pictures.forEach((picture, i) => data.set(picture.data, i * 3 * height * width));
  return tf.tensor(data, [pictures.length, 3, height, width]);
}

/** Batch and its targets, mixed. */
export interface MixedBatch {
  /** [B, ...], as the batch. */
  x: Tensor;
  /** Shares of the classes, [B, K]. */
  targets: Tensor;
}

/**
 * Mixes each sample with the one before it: λ x + (1 - λ) x', targets alike, λ from Beta(alpha, alpha) (arXiv 1710.09412,
 * torchvision's `MixUp`).
 *
 * @param x [B, ...]
 * @param targets shares of the classes, [B, K]
 * @throws TrainError for an alpha that is not above 0
 */
export function mixup(x: Tensor, targets: Tensor, { alpha, random }: { alpha: number; random: Prng }): MixedBatch {
  if (!(alpha > 0)) throw new TrainError("train.augment.mixup", "alpha must be above 0", alpha);
  const share = beta(alpha, random);
  const mixed = (value: Tensor): Tensor =>
    tf.tidy(() => tf.add(tf.mul(value, share), tf.mul(rolled(value), 1 - share)));
  return { x: mixed(x), targets: mixed(targets) };
}

/** Returns the batch with each sample in the place of the next, the last in the first. */
function rolled(x: Tensor): Tensor {
  const B = x.shape[0];
  if (B < 2) return x;
  const [first, last] = tf.split(x, [B - 1, 1], 0);
  return tf.concat([last, first], 0);
}

/** Draws from Beta(a, a): G / (G + G') of two gamma variables. */
function beta(a: number, random: Prng): number {
  const [first, second] = [gamma(a, random), gamma(a, random)];
  return first + second > 0 ? first / (first + second) : Number(random.chance(0.5));
}

/** Draws from the gamma distribution of shape `a` (Marsaglia and Tsang 2000). */
function gamma(a: number, random: Prng): number {
  if (a < 1) return gamma(a + 1, random) * (1 - random.next()) ** (1 / a);
  const d = a - 1 / 3;
  for (;;) {
    const z = random.normal();
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < z ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/**
 * Returns the mean cross-entropy with shares of classes as targets (`torch.nn.functional.cross_entropy` with probabilities), as
 * mixed batches need it.
 *
 * @param logits [B, K]
 * @param targets [B, K]
 */
export function softCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits as never)), 1)));
}
