import type { GpuMemory, RunState } from "../status";
import type { SavedCurve } from "./curve";
import type { SavedMatrices, SavedMatrix } from "./matrix";

/** Mime type of the payload that a training view stores in the notebook. Version 1. */
export const TRAINING_MIME = "application/vnd.fovea.training.v1+json";

export type RunCommand = "pause" | "resume" | "stop";

/** Plan of a run, known before its first update. */
export interface RunPlan {
  stages: { name: string; steps: number; groups: { label: string; learningRate: number | null; size: number }[] }[];
  totalSteps: number;
  /** Updates before this run. */
  step: number;
  accumulate: number;
  batches: number;
  device: string;
  /** True if stopping leaves a checkpoint. */
  checkpoint: boolean;
}

/** One update. */
export interface RunStep {
  step: number;
  /** Position in the plan's `stages`. */
  stage: number;
  stageStep: number;
  epoch: number;
  loss: number;
  gradientNorm: number;
  metrics: Record<string, number | null>;
  rates: Record<string, number>;
  milliseconds: number;
  remainingMilliseconds: number;
  examples: number | null;
  memory: RunMemory;
  validation: Record<string, number | null> | null;
  matrices: SavedMatrix[];
}

/** Bytes, and how many tensors. */
export interface RunMemory {
  tensors: number;
  bytes: number;
  resident: number;
  gpu?: GpuMemory;
}

/** Progress of a run up to its last update. */
export interface RunProgress extends Pick<
  RunStep,
  "step" | "stage" | "stageStep" | "epoch" | "remainingMilliseconds" | "memory" | "rates"
> {
  /** Milliseconds spent in updates and validations, without pauses. */
  milliseconds: number;
  stepsPerSecond: number;
  examplesPerSecond: number | null;
  /** Updates that each stage made, in the plan's order. */
  stageSteps: number[];
}

/** `train` and `validation` are measured, `rate` is by group of parameters. */
export type CurveKind = "train" | "validation" | "rate" | "norm";

export interface SavedNamedCurve {
  kind: CurveKind;
  name: string;
  curve: SavedCurve;
}

export interface SavedRun {
  name: string;
  state: RunState;
  message: string;
  plan: RunPlan | null;
  progress: RunProgress | null;
  curves: SavedNamedCurve[];
  matrices: SavedMatrices[];
}

export interface TrainingPayload {
  version: 1;
  /** The kernel's name for this view; the comm asks for it. */
  view: string;
  title: string;
  runs: SavedRun[];
}

/** Event of a run; events come in the order in which they happened. */
export type RunEvent =
  | { kind: "began"; plan: RunPlan }
  | { kind: "stepped"; step: RunStep }
  | { kind: "changed"; state: RunState; message: string };

/** More than these are no longer told apart in one figure. */
export const MAX_RUNS = 8;
export const MAX_CURVES = 120;
