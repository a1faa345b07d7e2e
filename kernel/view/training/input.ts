import type { MatrixPicture } from "../../contracts/picture";
import { encodeCells, MAX_MATRIX_CELLS, MAX_MATRICES, type SavedMatrix } from "../../protocol/training/matrix";
import type { RunState } from "../../protocol/status";
import type { RunStep } from "../../protocol/training/payload";
import { shortLabel, stepOf, type TrainingNumbersLike, type TrainingPlanLike } from "../../protocol/training/told";

export type { TrainingNumbersLike, TrainingPlanLike } from "../../protocol/training/told";

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

/** A run of `train.runs`, as an earlier session left it. */
export interface StoredRunLike {
  /** Curves and progress in plain data. */
  readonly record: unknown;
}

/** One update as `fit` reports it. */
export interface TrainingStepLike extends TrainingNumbersLike {
  readonly pictures: readonly MatrixPicture[];
}

/** Returns an update in plain data with its pictures. */
export const picturedStep = (report: TrainingStepLike): RunStep =>
  stepOf(report, report.pictures.filter(isSeen).slice(0, MAX_MATRICES).map(matrixOf));

function isSeen({ title, values }: MatrixPicture): boolean {
  if (values.length <= MAX_MATRIX_CELLS) return true;
  console.warn(
    `view.training: picture ${title} is left out, it has ${values.length} of at most ${MAX_MATRIX_CELLS} cells`,
  );
  return false;
}

function matrixOf({ title, rows, columns, values, axes = ["", ""], range, note = "" }: MatrixPicture): SavedMatrix {
  return {
    title: shortLabel(title),
    rows: rows.map(shortLabel),
    columns: columns.map(shortLabel),
    axes: [shortLabel(axes[0]), shortLabel(axes[1])],
    note: note.slice(0, 500),
    ...(range && { scale: [range[0], range[1]] as [number, number] }),
    ...encodeCells(values),
  };
}
