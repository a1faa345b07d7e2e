import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";

/** Features of a student before its tasks. */
export interface SakFeatures {
  /** Tokens of the stem at each level, [B, N, C]. */
  stem: Tensor[];
  /** Features of each path at each level, [B, N, C], by teacher. */
  paths: Record<string, Tensor[]>;
  /** Rows and columns of the tokens. */
  grid: [rows: number, columns: number];
  /** Height and width of the picture. */
  size: [height: number, width: number];
}

/** Weights of the experts of one level, with the experts' names. */
export interface LevelWeights {
  /** [B, experts]: the stem, then the teachers. */
  weights: Tensor;
  teachers: readonly string[];
}

/**
 * Mixes the stem's tokens and the open paths at each level: w_0 z + Σ w_m f_m, or their plain sum without weights.
 *
 * @param open teachers that take part
 * @param weights one a level; none for the plain sum
 * @returns [B, N, C] each
 */
export function mix({ stem, paths }: SakFeatures, open: readonly string[], weights: readonly LevelWeights[]): Tensor[] {
  return stem.map((z, level) => {
    const parts = open.map((name) => scaled(paths[name][level], weights.at(level), name));
    return tf.addN([scaled(z, weights.at(level), null), ...parts]);
  });
}

/** Scales features of a teacher, or of the stem for null, by the weight of each picture. */
function scaled(features: Tensor, level: LevelWeights | undefined, teacher: string | null): Tensor {
  if (!level) return features;
  const [B] = features.shape as [number];
  const expert = teacher === null ? 0 : 1 + level.teachers.indexOf(teacher);
  return tf.mul(features, tf.reshape(tf.slice(level.weights, [0, expert], [B, 1]), [B, 1, 1]));
}
