import { type DenseTask, TASKS } from "../../data/dense/tasks";
import { TaskError } from "../error";

export { IGNORE, TASKS, type DenseTask } from "../../data/dense/tasks";

/** Facts about a dense task. */
export interface DenseFacts {
  /** Channels of its prediction; `classes` where the data set decides. */
  readonly outputs: number | "classes";
  /** Weight of its loss in a sum over tasks (arXiv 2410.14633, appendix). */
  readonly weight: number;
  /** Name of its metric. */
  readonly metric: "mIoU" | "maxF" | "mErr" | "odsF" | "rmse";
  /** True where a smaller score is a better one. */
  readonly lowerIsBetter: boolean;
}

/** Facts of every dense task. */
export const FACTS: Readonly<Record<DenseTask, DenseFacts>> = {
  semseg: { outputs: "classes", weight: 1, metric: "mIoU", lowerIsBetter: false },
  parts: { outputs: "classes", weight: 2, metric: "mIoU", lowerIsBetter: false },
  saliency: { outputs: 2, weight: 5, metric: "maxF", lowerIsBetter: false },
  normals: { outputs: 3, weight: 10, metric: "mErr", lowerIsBetter: true },
  boundary: { outputs: 1, weight: 50, metric: "odsF", lowerIsBetter: false },
  depth: { outputs: 1, weight: 1, metric: "rmse", lowerIsBetter: true },
};

/**
 * Checks the name of a task.
 *
 * @throws TaskError for an unknown one
 */
export function checkTask(fn: string, task: string): DenseTask {
  const known = TASKS.find((one) => one === task);
  if (known) return known;
  throw new TaskError(fn, `task must be one of ${TASKS.join(", ")}`, task);
}
