import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { FeatureLevel } from "../features/levels";
import { SakError } from "./error";
import { isWhole } from "../rules/rule-error";

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
export interface ExpertWeights {
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
export function mix(
  { stem, paths }: SakFeatures,
  open: readonly string[],
  weights: readonly ExpertWeights[],
): Tensor[] {
  return stem.map((z, level) => {
    const parts = open.map((name) => scaled(paths[name][level], weights.at(level), name));
    return tf.addN([scaled(z, weights.at(level), null), ...parts]);
  });
}

/** Scales features of a teacher, or of the stem for null, by the weight of each picture. */
function scaled(features: Tensor, level: ExpertWeights | undefined, teacher: string | null): Tensor {
  if (!level) return features;
  const [B] = features.shape as [number];
  const expert = teacher === null ? 0 : 1 + level.teachers.indexOf(teacher);
  return tf.mul(features, tf.reshape(tf.slice(level.weights, [0, expert], [B, 1]), [B, 1, 1]));
}

/** Weights of the experts set by hand in place of a router's. */
export interface SakRoute {
  /** Task. Default: every task. */
  task?: string;
  /** Picture of the batch. Default: every picture. */
  image?: number;
  /** Level. Default: every level. */
  level?: FeatureLevel;
  /** Weights of the stem, then of the teachers in their order: at least 0, and scaled to sum 1. */
  weights: readonly number[];
}

/** Experts and levels that a route must fit. */
export interface RouteFrame {
  tasks: readonly string[];
  levels: readonly FeatureLevel[];
  /** Experts that take part: the stem, then the teachers. */
  open: readonly boolean[];
}

/** Checks routes; the weights of experts that take no part must leave something to the others. */
export function checkRoutes(fn: string, routes: readonly SakRoute[], { tasks, levels, open }: RouteFrame): void {
  for (const { task, level, image, weights } of routes) {
    if (task !== undefined && !tasks.includes(task)) throw new SakError(fn, `tasks are ${tasks.join(", ")}`, task);
    if (level !== undefined && !levels.includes(level))
      throw new SakError(fn, `levels are ${levels.join(", ")}`, level);
    if (image !== undefined && !isWhole(image, 0)) throw new SakError(fn, "image must be a place in the batch", image);
    const isSound = weights.length === open.length && weights.every((weight) => Number.isFinite(weight) && weight >= 0);
    if (!isSound) throw new SakError(fn, `a route needs ${open.length} weights of at least 0`, [...weights]);
    if (!(openSum(weights, open) > 0)) throw new SakError(fn, "an open path must have a weight above 0", [...weights]);
  }
}

const openSum = (weights: readonly number[], open: readonly boolean[]): number =>
  weights.reduce((sum, weight, i) => sum + (open[i] ? weight : 0), 0);

/**
 * Returns a router's weights with those that routes set; of several for one place the last counts.
 *
 * @param weights [B, experts]
 */
export function routed(
  weights: Tensor,
  routes: readonly SakRoute[],
  place: { task: string; level: FeatureLevel; open: readonly boolean[] },
): Tensor {
  const [B, E] = weights.shape as [number, number];
  const values = new Float32Array(B * E);
  const keep = new Float32Array(B).fill(1);
  for (const route of routes.filter((one) => concerns(one, place))) {
    const sum = openSum(route.weights, place.open);
    const images = route.image === undefined ? [...keep.keys()] : [route.image];
    for (const image of images) {
      if (image >= B) throw new SakError("sak.Sak.forward", `a route's image must lie in 0..${B - 1}`, image);
      keep[image] = 0;
      route.weights.forEach((weight, e) => (values[image * E + e] = place.open[e] ? weight / sum : 0));
    }
  }
  if (!keep.includes(0)) return weights;
  return tf.add(tf.mul(weights, tf.tensor(keep, [B, 1])), tf.tensor(values, [B, E]));
}

const concerns = ({ task, level }: SakRoute, place: { task: string; level: FeatureLevel }): boolean =>
  (task ?? place.task) === place.task && (level ?? place.level) === place.level;
