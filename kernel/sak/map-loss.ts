import { arrayOf, filled } from "../backend/arrays";
import { canFuse } from "../backend/fused";
import { isRecorded } from "../backend/tape";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { COSINE_EPS } from "../nn/losses";

/** Factors of both parts of the loss. */
export interface MapLossWeights {
  cosineWeight: number;
  smoothWeight: number;
}

const EACH = { reduction: "none" } as const;

/**
 * Returns cosineWeight (1 - cos(s, t)) + smoothWeight SmoothL1(s, t) for each picture. The teacher gets no gradient. The device
 * `native` computes it in one loop over each map and one for its gradient, in place of some thirty operations on whole batches.
 *
 * @param s student's maps, [B, D]
 * @param t teacher's maps, [B, D]
 * @returns [B]
 */
export function mapLoss(s: Tensor, t: Tensor, weights: MapLossWeights): Tensor {
  const formula = (s: Tensor): Tensor => composed(s, nn.stopGradient(t), weights);
  if (!canFuse([s, t])) return formula(s);
  const operation = tf.customGrad((s, t, save) => {
    (save as (tensors: Tensor[]) => void)([s as Tensor, t as Tensor]);
    const sums = pictureSums(s as Tensor, t as Tensor);
    const gradientOf = (dy: Tensor, s: Tensor, t: Tensor): Tensor =>
      isRecorded() ? tf.grad(formula)(s, dy) : gradient(dy, s, t, { ...weights, sums });
    return {
      value: distances(s as Tensor, sums, weights),
      gradFunc: (dy: Tensor, [s, t]: Tensor[]) => [gradientOf(dy, s, t), tf.zerosLike(t)],
    };
  });
  return operation(s, t);
}

function composed(s: Tensor, t: Tensor, { cosineWeight, smoothWeight }: MapLossWeights): Tensor {
  const cosine = tf.mul(nn.cosineLoss(s, t, EACH), cosineWeight);
  return tf.add(cosine, tf.mul(tf.mean(nn.smoothL1(s, t, EACH), -1), smoothWeight));
}

/** Sums over one picture's maps; squared lengths with the small number of `nn.cosineLoss`. */
interface MapSums {
  product: number;
  student: number;
  teacher: number;
  smooth: number;
}

function pictureSums(s: Tensor, t: Tensor): MapSums[] {
  const [B, D] = s.shape as [number, number];
  const [own, theirs] = [arrayOf(s), arrayOf(t)];
  return Array.from({ length: B }, (_, b) => sumsOf(own, theirs, b * D, (b + 1) * D));
}

function sumsOf(s: Float32Array, t: Float32Array, from: number, to: number): MapSums {
  let product = 0;
  let student = COSINE_EPS;
  let teacher = COSINE_EPS;
  let smooth = 0;
  for (let i = from; i < to; i++) {
    const a = s[i];
    const b = t[i];
    const apart = Math.abs(a - b);
    product += a * b;
    student += a * a;
    teacher += b * b;
    smooth += apart < 1 ? (apart * apart) / 2 : apart - 0.5;
  }
  return { product, student, teacher, smooth };
}

function distances(
  { shape }: Tensor,
  sums: readonly MapSums[],
  { cosineWeight, smoothWeight }: MapLossWeights,
): Tensor {
  const [B, D] = shape as [number, number];
  return filled([B], (values) => {
    sums.forEach(({ product, student, teacher, smooth }, b) => {
      const cosine = product / Math.sqrt(student * teacher);
      values[b] = cosineWeight * (1 - cosine) + (smoothWeight * smooth) / D;
    });
  });
}

/** Gradient in s: cosineWeight (cos s / |s|² - t / |s||t|) + smoothWeight clamp(s - t, -1, 1) / D, times dy of the picture. */
function gradient(
  dy: Tensor,
  s: Tensor,
  t: Tensor,
  { cosineWeight, smoothWeight, sums }: MapLossWeights & { sums: readonly MapSums[] },
): Tensor {
  const [B, D] = s.shape as [number, number];
  const [own, theirs, factors] = [arrayOf(s), arrayOf(t), arrayOf(dy)];
  return filled([B, D], (values) => {
    sums.forEach(({ product, student, teacher }, b) => {
      const lengths = Math.sqrt(student * teacher);
      const ofStudent = (factors[b] * cosineWeight * product) / (lengths * student);
      const ofTeacher = (factors[b] * cosineWeight) / lengths;
      const ofSmooth = (factors[b] * smoothWeight) / D;
      for (let i = b * D; i < (b + 1) * D; i++) {
        const apart = own[i] - theirs[i];
        const near = apart < -1 ? -1 : apart > 1 ? 1 : apart;
        values[i] = ofStudent * own[i] - ofTeacher * theirs[i] + ofSmooth * near;
      }
    });
  });
}
