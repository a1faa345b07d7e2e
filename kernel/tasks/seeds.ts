import { checkArguments } from "../rules/arguments";
import { jStat } from "jstat";
import { mean, sampleVariance } from "../numeric";
import { TaskError } from "./error";

/** Mean over seeds with the half width of its 95 % interval (Student's t); null for one seed. */
export interface SeedMean {
  mean: number;
  half: number | null;
}

/**
 * Returns the mean over seeds.
 *
 * @param values one per seed
 * @throws TaskError for no values
 */
export function seedMean(values: readonly number[]): SeedMean {
  checkArguments("tasks.seedMean", TaskError, { values }, { values: "list" });
  const n = values.length;
  if (n === 0) throw new TaskError("tasks.seedMean", "there must be a value", "none");
  if (n === 1) return { mean: values[0], half: null };
  const half = jStat.studentt.inv(0.975, n - 1) * Math.sqrt(sampleVariance(values) / n);
  return { mean: mean(values), half };
}
