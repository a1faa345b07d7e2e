import { checkArguments } from "../rules/arguments";
import type { PlainFeatureMap } from "../contracts/features";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { LossWithMetrics } from "../train/update/update";
import { SakError } from "./error";
import { checkDistillation, type DistillationOptions, distillationLoss } from "./loss";
import type { SakFeatures } from "./routes";
import type { Sak } from "./model";
import type { TeacherNorm } from "./norm";
import { sharedRandom } from "../nn/module/random";

/** Pictures and every teacher's features of them, in plain data. */
export interface DistillationBatch {
  /** Pictures, [B, 3, height, width]. */
  pixels: Float32Array;
  /** Shape of the pictures. */
  shape: readonly [batch: number, channels: number, height: number, width: number];
  /** Maps of each teacher, one for each level of the student. */
  teachers: Readonly<Record<string, readonly PlainFeatureMap[]>>;
}

/** Options of {@link distill} and of the losses of both stages. */
export interface DistillOptions extends DistillationOptions {
  /**
   * Share of pictures for which a teacher is dropped; the teacher of the largest loss always stays (UNIC, arXiv 2408.05088).
   * Only in training. Default 0.
   */
  teacherDropping?: number;
  /** Normalization of teachers' features by name. Default: raw, as the paper. */
  teacherNorms?: Readonly<Record<string, TeacherNorm>>;
}

/**
 * Returns the sum of distances between every path and its teacher over all levels, mean over pictures, and each teacher's
 * part as a metric. Teachers are dropped only while the model trains.
 *
 * @param features as `Sak.features` returns them, with the paths of all teachers
 * @throws SakError for a teacher without maps, or maps of another number, width or batch
 */
export function distill(
  model: Sak,
  features: SakFeatures,
  teachers: DistillationBatch["teachers"],
  options: DistillOptions = {},
): LossWithMetrics {
  const { teacherDropping = 0, teacherNorms = {}, ...kind } = options;
  checkDistillation("sak.distill", kind);
  if (!(teacherDropping >= 0 && teacherDropping < 1))
    throw new SakError("sak.distill", "teacherDropping must lie in [0, 1)", teacherDropping);
  const names = model.teachers;
  const losses = names.map((name) =>
    lossOf(model, { name, maps: teachers[name], norm: teacherNorms[name] }, features, kind),
  );
  const metrics = Object.fromEntries(names.map((name, i) => [`kd ${name}`, tf.mean(losses[i])]));
  const all = tf.stack(losses, 1);
  const kept = model.training && teacherDropping > 0 ? tf.mul(all, keeping(all, teacherDropping)) : all;
  return { loss: tf.mean(tf.sum(kept, 1)), metrics };
}

/** Returns a teacher's loss for each picture, summed over levels: [B]. */
function lossOf(
  model: Sak,
  { name, maps, norm }: { name: string; maps?: readonly PlainFeatureMap[]; norm?: TeacherNorm },
  { paths, grid }: SakFeatures,
  options: DistillationOptions,
): Tensor {
  const path = model.paths.get(name);
  const own = paths[name];
  const { levels } = model.config;
  if (!path || !own) throw new SakError("sak.distill", "features must have the path of every teacher", name);
  if (maps?.length !== levels.length)
    throw new SakError("sak.distill", `${name} needs a map for each of ${levels.join(", ")}`, maps?.length ?? 0);
  const aligned = path.align(own);
  const parts = aligned.map((tokens, level) => {
    const raw = tensorOf(name, tokens, maps[level]);
    const teacher = norm?.apply(raw, level) ?? raw;
    return distillationLoss({ tokens, grid }, { tokens: teacher, grid: maps[level].grid }, options);
  });
  return tf.addN(parts);
}

function tensorOf(name: string, student: Tensor, { data, grid, channels }: PlainFeatureMap): Tensor {
  const [B, , C] = student.shape as [number, number, number];
  const N = grid[0] * grid[1];
  if (channels !== C)
    throw new SakError("sak.distill", `the maps of ${name} must have the width of its path, ${C}`, channels);
  if (data.length !== B * N * C)
    throw new SakError("sak.distill", `a map of ${name} must have ${B} x ${N} x ${C} values`, data.length);
  return tf.tensor(data, [B, N, C]);
}

/** Returns 1 for each picture's teacher of the largest loss and for others that a draw keeps, else 0: [B, teachers]. */
function keeping(losses: Tensor, dropping: number): Tensor {
  const [B, M] = losses.shape as [number, number];
  const random = sharedRandom();
  const drawn = tf.tensor(
    Float32Array.from({ length: B * M }, () => Number(random.next() >= dropping)),
    [B, M],
  );
  const operation = tf.customGrad((losses) => {
    const most = tf.max(losses as Tensor, 1, true);
    const value = tf.maximum(drawn, tf.cast(tf.greaterEqual(losses as Tensor, most), "float32"));
    return { value, gradFunc: (dy: Tensor) => tf.zerosLike(dy) };
  });
  return operation(losses);
}

/**
 * Makes the loss of stage 1, distillation alone, for `train.fit`.
 *
 *     await train.fit({ model, data, loss: sak.distillationStep(model), stages: [sak.distillationStage({ epochs: 30 })] });
 */
export function distillationStep(
  model: Sak,
  options: DistillOptions = {},
): (batch: DistillationBatch) => LossWithMetrics {
  return ({ pixels, shape, teachers }) => {
    const x = tf.tensor(pixels, [...shape]);
    return distill(model, model.features(x), teachers, options);
  };
}

/** Labels and distillation of a batch of stage 2; `teachers` may be absent with `alpha` 0. */
export interface TaskBatch<L> extends Omit<DistillationBatch, "teachers"> {
  teachers?: DistillationBatch["teachers"];
  /** Labels of each task, as its loss takes them. */
  labels: L;
}

/** Options of {@link taskStep}. */
export interface TaskStepOptions<L> extends DistillOptions {
  /** Loss and weight of each task. */
  tasks: Readonly<Record<string, SakTaskLoss<L>>>;
  /** Factor of the distillation; 0 runs no teacher. Default 1. */
  alpha?: number;
}

/** Loss of a task in stage 2. */
export interface SakTaskLoss<L> {
  /** Returns a scalar for predictions [B, outputs, H, W]; its labels are plain data. */
  loss: (prediction: Tensor, labels: L) => Tensor;
  /** Factor of the task's loss. Default 1. */
  weight?: number;
}

/**
 * Makes the loss of stage 2 for `train.fit`: Σ weight · task loss + alpha · distillation, each part as a metric.
 *
 * @throws SakError for a task that the student lacks, or no tasks
 */
export function taskStep<L>(model: Sak, options: TaskStepOptions<L>): (batch: TaskBatch<L>) => LossWithMetrics {
  checkArguments("sak.taskStep", SakError, { model, options }, { model: "module", options: { tasks: "object" } });
  const { tasks, alpha = 1, ...distilling } = options;
  const names = Object.keys(tasks);
  const unknown = names.find((name) => !model.heads.has(name));
  if (!names.length || unknown !== undefined)
    throw new SakError("sak.taskStep", `tasks must be some of ${model.tasks.join(", ")}`, unknown ?? names);
  if (!(alpha >= 0 && Number.isFinite(alpha)))
    throw new SakError("sak.taskStep", "alpha must be a number of at least 0", alpha);
  return ({ pixels, shape, teachers, labels }) => {
    const features = model.features(tf.tensor(pixels, [...shape]));
    const predictions = model.predict(features, { tasks: names });
    const losses = names.map((name) => tasks[name].loss(predictions[name], labels));
    const weighted = losses.map((loss, i) => tf.mul(loss, tasks[names[i]].weight ?? 1));
    const metrics = Object.fromEntries(names.map((name, i) => [name, losses[i]]));
    if (alpha === 0) return { loss: tf.addN(weighted), metrics };
    const kd = distill(model, features, teachers ?? {}, distilling);
    return { loss: tf.addN([...weighted, tf.mul(kd.loss, alpha)]), metrics: { ...metrics, ...kd.metrics } };
  };
}
