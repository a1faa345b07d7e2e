import { checkArguments } from "../../../rules/arguments";
import { TaskError } from "../../error";
import { checkTask, FACTS } from "../facts";

const FN = "tasks.dense.deltaM";

/** Scores by task, each in the unit of its metric. */
export type TaskScores = Readonly<Record<string, number>>;

/**
 * Returns Δm, the mean relative gain in percent over single-task models (Maninis et al., CVPR 2019):
 * 100 · mean over tasks of ±(M - S) / S, with a minus where a smaller score is better (normals and depth).
 *
 * @param scores of the model, by names of tasks
 * @param single scores of the single-task models, in the same units and of the same tasks
 * @throws TaskError for other tasks, or a score that is no positive number
 */
export function deltaM(scores: TaskScores, single: TaskScores): number {
  checkArguments("tasks.dense.deltaM", TaskError, { scores, single }, { scores: "object", single: "object" });
  const names = Object.keys(scores);
  const same = names.length > 0 && names.length === Object.keys(single).length;
  if (!same || !names.every((name) => Object.hasOwn(single, name)))
    throw new TaskError(FN, "both scores must be of the same tasks", [...names, "and", ...Object.keys(single)]);
  return (100 * names.reduce((sum, name) => sum + gain(name, scores, single), 0)) / names.length;
}

function gain(name: string, scores: TaskScores, single: TaskScores): number {
  const [own, base] = [scores[name], single[name]];
  if (!Number.isFinite(own) || !(Number.isFinite(base) && base > 0))
    throw new TaskError(FN, `scores of ${name} must be numbers, the single-task one above 0`, [own, base]);
  const sign = FACTS[checkTask(FN, name)].lowerIsBetter ? -1 : 1;
  return (sign * (own - base)) / base;
}
