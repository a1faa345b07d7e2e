import type { StagePlan } from "../update/stages";

/** Plan of a training in plain data. */
export interface TrainingPlan {
  stages: PlannedStage[];
  /** Number of updates over all stages. */
  totalSteps: number;
  /** Number of earlier updates; above 0 after a resume. */
  step: number;
  /** Number of batches per update. */
  accumulate: number;
  /** Number of batches in an epoch. */
  batches: number;
  /** Device of tfjs: `tensorflow`, `wasm` and so on. */
  device: string;
  /** File left by a stop; null without one. */
  checkpoint: string | null;
}

/** Stage of a plan. */
export interface PlannedStage {
  name: string;
  /** Number of updates. */
  steps: number;
  groups: PlannedGroup[];
}

/** Parameters that train at one rate. */
export interface PlannedGroup {
  label: string;
  /** Rate before the schedule; null for the optimizer's. */
  learningRate: number | null;
  /** Number of values in its parameters. */
  size: number;
}

export function plannedGroups({ groups }: StagePlan): PlannedGroup[] {
  return groups.map(({ label, learningRate, parameters }) => ({
    label,
    learningRate: learningRate ?? null,
    size: [...parameters.values()].reduce((sum, { size }) => sum + size, 0),
  }));
}
