import type { MatrixPicture } from "../../picture";
import { shortened } from "../../protocol/training/curve";
import { encodeCells, MAX_MATRIX_CELLS, MAX_MATRICES, type SavedMatrix } from "../../protocol/training/matrix";
import type { RunMemory, RunPlan, RunState, RunStep } from "../../protocol/training/payload";

/** A training that can be observed and steered, as `train.TrainingControl`. */
export interface TrainingRunLike {
  readonly name: string;
  pause(): void;
  resume(): void;
  stop(): void;
  /** Replays past events to the observer, then sends it each new one; returns a function that ends this. */
  observe(observer: TrainingObserverLike): () => void;
}

/** Receiver of a training's events. */
export interface TrainingObserverLike {
  began(plan: TrainingPlanLike): void;
  stepped(report: TrainingStepLike): void;
  changed(state: RunState, message: string): void;
}

/** Plan of a training: its stages, updates and checkpoint. */
export interface TrainingPlanLike extends Omit<RunPlan, "checkpoint"> {
  readonly checkpoint: string | null;
}

/** One update as `fit` reports it. */
export interface TrainingStepLike {
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
  readonly pictures: readonly MatrixPicture[];
}

/** Names of one kind beyond this many are left out. */
const MAX_NAMES = 60;
const MAX_LABEL = 200;

/** In plain data, without the place of files. */
export function planOf({ stages, checkpoint, ...plan }: TrainingPlanLike): RunPlan {
  const { totalSteps, step, accumulate, batches, device } = plan;
  return {
    stages: stages.map(({ name, steps, groups }) => ({
      name: cut(name),
      steps,
      groups: groups
        .slice(0, MAX_NAMES)
        .map(({ label, learningRate, size }) => ({ label: cut(label), learningRate, size })),
    })),
    totalSteps,
    step,
    accumulate,
    batches,
    device,
    checkpoint: checkpoint !== null,
  };
}

export function stepOf(report: TrainingStepLike): RunStep {
  const { step, stageIndex: stage, stageStep, epoch, examples, memory, validation, pictures } = report;
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
    matrices: pictures.filter(isSeen).slice(0, MAX_MATRICES).map(matrixOf),
  };
}

const cut = (text: string): string => (text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text);
const finite = (value: number): number | null => (Number.isFinite(value) ? shortened(value) : null);

function entries<T>(values: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(values)
    .slice(0, MAX_NAMES)
    .map(([name, value]) => [cut(name), value]);
}

function numbers(values: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(entries(values).map(([name, value]) => [name, finite(value)]));
}

function isSeen({ title, values }: MatrixPicture): boolean {
  if (values.length <= MAX_MATRIX_CELLS) return true;
  console.warn(
    `view.training: picture ${title} is left out, it has ${values.length} of at most ${MAX_MATRIX_CELLS} cells`,
  );
  return false;
}

function matrixOf({ title, rows, columns, values, axes = ["", ""], range, note = "" }: MatrixPicture): SavedMatrix {
  return {
    title: cut(title),
    rows: rows.map(cut),
    columns: columns.map(cut),
    axes: [cut(axes[0]), cut(axes[1])],
    note: note.slice(0, 500),
    ...(range && { scale: [range[0], range[1]] as [number, number] }),
    ...encodeCells(values),
  };
}
