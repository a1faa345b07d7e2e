import { LiveObjects } from "../display/live-objects";
import type { TrainingState } from "./runs/report";

/** Training of this process, as a panel lists and steers it. */
export interface SessionTraining {
  readonly name: string;
  readonly state: TrainingState;
  readonly progress: { step: number; totalSteps: number };
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Trainings of this process. One that ended stays while something holds its control. */
export const sessionTrainings = new LiveObjects<SessionTraining>();
