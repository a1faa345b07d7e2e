import { shortened } from "./curve";
import type { SavedMatrix } from "./matrix";
import type { RunMemory, RunPlan, RunStep } from "./payload";

/** Plan of a training: its stages, updates and checkpoint. */
export interface TrainingPlanLike extends Omit<RunPlan, "checkpoint"> {
  readonly checkpoint: string | null;
}

/** Numbers of one update as `fit` reports them. */
export interface TrainingNumbersLike {
  readonly step: number;
  readonly stageIndex: number;
  readonly stageStep: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRates: Readonly<Record<string, number>>;
  readonly milliseconds: number;
  readonly remainingMilliseconds: number;
  readonly examples: number | null;
  readonly memory: RunMemory;
  readonly validation: Readonly<Record<string, number>> | null;
}

/** Names of one kind beyond this many are left out. */
const MAX_NAMES = 60;
const MAX_LABEL = 200;

/** In plain data, without the place of files. */
export function planOf({ stages, checkpoint, ...plan }: TrainingPlanLike): RunPlan {
  const { totalSteps, step, accumulate, batches, device } = plan;
  return {
    stages: stages.map(({ name, steps, groups }) => ({
      name: shortLabel(name),
      steps,
      groups: groups
        .slice(0, MAX_NAMES)
        .map(({ label, learningRate, size }) => ({ label: shortLabel(label), learningRate, size })),
    })),
    totalSteps,
    step,
    accumulate,
    batches,
    device,
    checkpoint: checkpoint !== null,
  };
}

/** In plain data, with its pictures as they are stored. */
export function stepOf(report: TrainingNumbersLike, matrices: SavedMatrix[]): RunStep {
  const { step, stageIndex: stage, stageStep, epoch, examples, memory, validation } = report;
  const { tensors, bytes, resident, gpu } = memory;
  return {
    step,
    stage,
    stageStep,
    epoch: shortened(epoch),
    examples,
    loss: finite(report.loss) ?? 0,
    gradientNorm: finite(report.gradientNorm) ?? 0,
    metrics: numbers(report.metrics),
    rates: Object.fromEntries(entries(report.learningRates).map(([name, value]) => [name, finite(value) ?? 0])),
    milliseconds: shortened(report.milliseconds),
    remainingMilliseconds: Math.max(0, Math.round(finite(report.remainingMilliseconds) ?? 0)),
    memory: { tensors, bytes, resident, ...(gpu && { gpu }) },
    validation: validation && numbers(validation),
    matrices,
  };
}

/** Shortens a label. */
export const shortLabel = (text: string): string =>
  text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text;
const finite = (value: number): number | null => (Number.isFinite(value) ? shortened(value) : null);

function entries<T>(values: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(values)
    .slice(0, MAX_NAMES)
    .map(([name, value]) => [shortLabel(name), value]);
}

function numbers(values: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(entries(values).map(([name, value]) => [name, finite(value)]));
}
