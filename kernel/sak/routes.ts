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
 * Mixes the stem's tokens and the open paths at each level, for each task: w_0 z + Σ w_m f_m, or their plain sum without weights.
 *
 * @param open teachers that take part
 * @param weights of each task, one a level; none for the plain sum, which is the same for every task
 * @returns by task and level, [B, N, C] each
 */
export function mix(
  { stem, paths }: SakFeatures,
  open: readonly string[],
  weights: readonly (readonly ExpertWeights[])[],
): Tensor[][] {
  const levels = stem.map((z, level) => {
    const experts = [z, ...open.map((name) => paths[name][level])];
    const shares = weights.flatMap((task) => (task.length ? [sharesOf(task[level], open)] : []));
    if (shares.length) return weighted(experts, shares);
    const sum = tf.addN(experts);
    return weights.map(() => sum);
  });
  return weights.map((_, task) => levels.map((tasks) => tasks[task]));
}

/** Returns the weights of the stem and of the open teachers, [B, 1 + open]. */
function sharesOf({ weights, teachers }: ExpertWeights, open: readonly string[]): Tensor {
  if (open.length === teachers.length) return weights;
  const [B] = weights.shape as [number];
  const columns = [0, ...open.map((name) => 1 + teachers.indexOf(name))];
  return tf.concat(
    columns.map((expert) => tf.slice(weights, [0, expert], [B, 1])),
    1,
  );
}

/** Returns the sum of the experts by the shares of each task: one product for all tasks of a level. */
function weighted(experts: readonly Tensor[], shares: readonly Tensor[]): Tensor[] {
  const [B, N, C] = experts[0].shape as [number, number, number];
  const each = tf.concat(
    experts.map((expert) => tf.reshape(expert, [B, 1, N * C])),
    1,
  );
  const sums = tf.matMul(tf.stack([...shares], 1), each);
  // The gradient of tf.split does not know a single part.
  const parts = shares.length === 1 ? [sums] : tf.split(sums, shares.length, 1);
  return parts.map((sum) => tf.reshape(sum, [B, N, C]));
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
