import type { MatrixPicture } from "../../contracts/picture";
import type { TrainingMemory } from "./memory";
import type { StageReport } from "../update/stages";
import type { UpdateReport } from "../update/update";

/** End of a training: by itself, by a signal or control, by an interrupt of its cell, or by an error. */
export type TrainingEnd = "finished" | "stopped" | "interrupted" | "failed";

/** State of a training. `waiting` precedes `fit`; `pausing` and `stopping` last until the running step ends. */
export type TrainingState = "waiting" | "running" | "pausing" | "paused" | "stopping" | TrainingEnd;

/** Report of one update. */
export interface StepReport extends UpdateReport {
  /** Number of updates so far, over all stages. */
  step: number;
  totalSteps: number;
  stage: string;
  /** Position in `stages`. */
  stageIndex: number;
  stageStep: number;
  stageSteps: number;
  /** Passes over the data in this stage, with the fraction of the current one. */
  epoch: number;
  /** Learning rate by group, under its parameter pattern. */
  learningRates: Record<string, number>;
  milliseconds: number;
  /** Number of examples in the update; null if unknown. */
  examples: number | null;
  /** Time to the end of all stages, from the mean of this run's updates and validations. */
  remainingMilliseconds: number;
  /** Memory after the update. */
  memory: TrainingMemory;
  /** Numbers of the validation after this update; null without one. */
  validation: Record<string, number> | null;
  /** Pictures of the validation. */
  pictures: readonly MatrixPicture[];
}

/** Result of {@link fit}. */
export interface TrainingResult {
  /** Number of updates over all stages, including those before a resume. */
  steps: number;
  /** End of the run; `stopped` by a signal or control. */
  ended: "finished" | "stopped";
  stages: StageReport[];
  /** Last report of this run; null where nothing was left to do. */
  last: StepReport | null;
}
