import type { MatrixPicture } from "../picture";
import type { TrainingMemory } from "./memory";
import type { StageReport } from "./stages";
import type { UpdateReport } from "./update";

/** What happened in one update. */
export interface StepReport extends UpdateReport {
  /** Updates so far, over all stages. */
  step: number;
  totalSteps: number;
  stage: string;
  /** Position in `stages`. */
  stageIndex: number;
  stageStep: number;
  stageSteps: number;
  /** Passes over the data in this stage, with the fraction of the one that is running. */
  epoch: number;
  /** Of each group, by what names it. */
  learningRates: Record<string, number>;
  milliseconds: number;
  /** Of the update; null where nobody knows. */
  examples: number | null;
  /** To the end of all stages, from the mean of this run's updates and validations. */
  remainingMilliseconds: number;
  /** After the update. */
  memory: TrainingMemory;
  /** Where a validation followed. */
  validation: Record<string, number> | null;
  /** Those that the validation gave. */
  pictures: readonly MatrixPicture[];
}

export interface TrainingResult {
  /** Updates over all stages, those before a resume too. */
  steps: number;
  /** `stopped` by a signal or control. */
  ended: "finished" | "stopped";
  stages: StageReport[];
  /** Of this run; null where there was nothing left to do. */
  last: StepReport | null;
}
