import type { StagePlan } from "./stages";

/** What a training is going to do, in plain data. */
export interface TrainingPlan {
  stages: PlannedStage[];
  /** Updates over all stages. */
  totalSteps: number;
  /** Updates that were made before: above 0 where it goes on from a checkpoint. */
  step: number;
  /** Batches that make one update. */
  accumulate: number;
  /** Batches in an epoch. */
  batches: number;
  /** On which tfjs computes: `tensorflow`, `wasm` and so on. */
  device: string;
  /** The file that stopping leaves behind; null where there is none. */
  checkpoint: string | null;
}

export interface PlannedStage {
  name: string;
  /** Updates. */
  steps: number;
  groups: PlannedGroup[];
}

/** Parameters that train at one rate. */
export interface PlannedGroup {
  label: string;
  /** Before the schedule; null where it is the optimiser's own. */
  learningRate: number | null;
  /** Values in its parameters. */
  size: number;
}

export function plannedGroups({ groups }: StagePlan): PlannedGroup[] {
  return groups.map(({ label, learningRate, parameters }) => ({
    label,
    learningRate: learningRate ?? null,
    size: [...parameters.values()].reduce((sum, { size }) => sum + size, 0),
  }));
}
