import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { DenseValues } from "../../data/dense/values";
import { TaskError } from "../error";
import type { AugmentedSample } from "./augment";
import { type DenseTask, IGNORE, TASKS } from "./facts";
import type { ByTask } from "./losses";

/** Pictures and labels as tensors; they belong to the caller. */
export interface DenseBatch {
  /** [B, 3, H, W], normalized by ImageNet's mean and deviation. */
  readonly images: Tensor;
  /** Labels in the form of the losses: int32 [B, H, W] for classes and saliency, else [B, C, H, W]. */
  readonly labels: ByTask;
}

const MEAN = [123.675, 116.28, 103.53] as const;
const DEVIATION = [58.395, 57.12, 57.375] as const;
const FN = "tasks.dense.batch";

/**
 * Turns samples of one size into tensors. A picture without a label of a task gets pixels that do not count.
 *
 * @param samples at least one
 * @throws TaskError for samples of several sizes, or none
 */
export function batch(samples: readonly AugmentedSample[]): DenseBatch {
  checkArguments("tasks.dense.batch", TaskError, { samples }, { samples: ["object"] });
  if (samples.length === 0) throw new TaskError(FN, "there must be a sample", samples.length);
  const [{ width, height }] = samples;
  const other = samples.find((sample) => sample.width !== width || sample.height !== height);
  if (other) throw new TaskError(FN, `samples must be of one size, ${width} x ${height}`, [other.width, other.height]);
  const tasks = TASKS.filter((task) => samples.some(({ labels }) => labels[task]));
  const labels: Partial<Record<DenseTask, Tensor>> = {};
  for (const task of tasks) labels[task] = stack(task, samples, width, height);
  return { images: pictures(samples, width, height), labels };
}

function pictures(samples: readonly AugmentedSample[], width: number, height: number): Tensor {
  const all = samples.map(({ image }) => image.map((level, at) => (level - MEAN[at % 3]) / DEVIATION[at % 3]));
  return tf.tensor(channelsFirst(all, 3, width * height), [samples.length, 3, height, width], "float32");
}

function stack(task: DenseTask, samples: readonly AugmentedSample[], width: number, height: number): Tensor {
  const channels = task === "normals" ? 3 : 1;
  const blank = task === "normals" || task === "depth" ? 0 : IGNORE;
  const missing = new Float64Array(width * height * channels).fill(blank);
  const maps = samples.map(({ labels }) => (labels[task] as DenseValues | undefined)?.data ?? missing);
  const values = channelsFirst(maps, channels, width * height);
  if (task === "semseg" || task === "parts" || task === "saliency")
    return tf.tensor(Int32Array.from(values), [samples.length, height, width], "int32");
  return tf.tensor(values, [samples.length, channels, height, width], "float32");
}

/** Joins maps [pixels, channels] as [B, channels, pixels]. */
function channelsFirst(maps: readonly ArrayLike<number>[], channels: number, pixels: number): Float32Array {
  const out = new Float32Array(maps.length * channels * pixels);
  maps.forEach((map, i) => {
    for (let at = 0; at < pixels; at++)
      for (let c = 0; c < channels; c++) out[(i * channels + c) * pixels + at] = map[at * channels + c];
  });
  return out;
}
