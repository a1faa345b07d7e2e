import type { DenseTask } from "../../tasks/dense/facts";
import type { SeedMean } from "../../tasks/seeds";

/** Formats a mean with the half width of its interval. */
export const plusMinus = ({ mean, half }: SeedMean, digits = 1): string =>
  half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ±${half.toFixed(digits)}`;

/** Formats a score in the unit of its task: percent, degrees or metres. */
export function scoreText(task: DenseTask, { mean, half }: SeedMean): string {
  if (task === "normals") return `${plusMinus({ mean, half })}°`;
  if (task === "depth") return `${plusMinus({ mean, half }, 3)} m`;
  return plusMinus({ mean: 100 * mean, half: half === null ? null : 100 * half });
}

/** Formats a relative gain in percent, with its sign. */
export const gainText = (gain: SeedMean): string => `${gain.mean > 0 ? "+" : ""}${plusMinus(gain)} %`;
