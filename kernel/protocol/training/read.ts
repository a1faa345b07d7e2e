import {
  base64,
  flag,
  index,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  pair,
  ProtocolError,
  text,
  type Reader,
} from "../core/check";
import { type GpuMemory, RUN_STATES } from "../status";
import { CAPACITY, type SavedCurve } from "./curve";
import { MAX_MATRIX_CELLS, MAX_MATRICES, type MatrixFrame, type SavedMatrices, type SavedMatrix } from "./matrix";
import {
  type CurveKind,
  MAX_CURVES,
  MAX_RUNS,
  type RunEvent,
  type RunMemory,
  type RunPlan,
  type RunProgress,
  type RunStep,
  type SavedNamedCurve,
  type SavedRun,
  type TrainingPayload,
} from "./payload";
import { isRecord } from "../../rules/json-text";

const MAX_STAGES = 100;
const MAX_GROUPS = 60;
const MAX_STEPS = 1e9;
/** Events that one message may carry. */
export const MAX_EVENTS = 5000;

const real = number();
const amount = number({ min: 0 });
const whole = number({ min: 0, max: MAX_STEPS, integer: true });
const label = text(200);

/** An object of at most so many names. */
function named<T>(item: Reader<T>, most = MAX_GROUPS): Reader<Record<string, T>> {
  return (value, path, where) => {
    if (!isRecord(value) || Object.keys(value).length > most)
      throw new ProtocolError(where, path, `an object of at most ${most} names`, value);
    const entries = Object.entries(value).map(([name, one]): [string, T] => [
      label(name, path, where),
      item(one, `${path}.${name.slice(0, 40)}`, where),
    ]);
    // Not `fromEntries` on a plain object's prototype: a metric may be called `__proto__`.
    return Object.assign(Object.create(null), Object.fromEntries(entries)) as Record<string, T>;
  };
}

const plan: Reader<RunPlan> = object<RunPlan>({
  stages: list(
    object<RunPlan["stages"][number]>({
      name: label,
      steps: whole,
      groups: list(
        object<RunPlan["stages"][number]["groups"][number]>({ label, learningRate: nullable(real), size: amount }),
        0,
        MAX_GROUPS,
      ),
    }),
    1,
    MAX_STAGES,
  ),
  totalSteps: whole,
  step: whole,
  accumulate: whole,
  batches: whole,
  device: text(40),
  checkpoint: flag,
});

const memory = object<RunMemory>({
  tensors: amount,
  bytes: amount,
  resident: amount,
  gpu: optional(object<GpuMemory>({ name: text(100), usedBytes: amount, totalBytes: amount })) as Reader<GpuMemory>,
});

const head = {
  title: label,
  rows: list(label, 1, MAX_MATRIX_CELLS),
  columns: list(label, 1, MAX_MATRIX_CELLS),
  axes: pair(label),
  note: text(500),
  scale: optional(pair(real)),
};
const frame = { range: pair(real), cells: base64(2 * MAX_MATRIX_CELLS) };
const matrix = object<SavedMatrix>({ ...head, ...frame });

const step: Reader<RunStep> = object<RunStep>({
  step: whole,
  stage: index,
  stageStep: whole,
  epoch: amount,
  loss: real,
  gradientNorm: real,
  metrics: named(nullable(real)),
  rates: named(real),
  milliseconds: amount,
  remainingMilliseconds: amount,
  examples: nullable(amount),
  memory,
  validation: nullable(named(nullable(real))),
  matrices: list(matrix, 0, MAX_MATRICES),
});

const progress = object<RunProgress>({
  step: whole,
  stage: index,
  stageStep: whole,
  epoch: amount,
  remainingMilliseconds: amount,
  memory,
  rates: named(real),
  milliseconds: amount,
  stepsPerSecond: amount,
  examplesPerSecond: nullable(amount),
  stageSteps: list(whole, 1, MAX_STAGES),
});

/** 32 bits a number. */
const column = base64(Math.ceil((4 * CAPACITY) / 3) * 4);
const columns = object<SavedCurve>({
  width: number({ min: 1, max: MAX_STEPS, integer: true }),
  steps: column,
  means: column,
  lows: optional(column),
  lowSteps: optional(column),
  highs: optional(column),
  highSteps: optional(column),
  counts: optional(column),
});

const curve: Reader<SavedCurve> = (value, path, where) => {
  const read = columns(value, path, where);
  const { width, steps, ...others } = read;
  const sound = width > 0 && bytesOf(steps) % 4 === 0;
  if (!sound) throw new ProtocolError(where, `${path}.steps`, "base64 of 32-bit numbers", steps);
  for (const [name, one] of Object.entries(others))
    if (one !== undefined && bytesOf(one) !== bytesOf(steps))
      throw new ProtocolError(where, `${path}.${name}`, `${bytesOf(steps) / 4} numbers in base64`, one);
  return read;
};

const bytesOf = (encoded: string): number => (encoded.length / 4) * 3 - (/=*$/.exec(encoded)?.[0].length ?? 0);

const matrices: Reader<SavedMatrices> = (value, path, where) => {
  const read = object<SavedMatrices>({
    ...head,
    frames: list(object<MatrixFrame>({ step: whole, ...frame }), 1, 100),
  })(value, path, where);
  read.frames.forEach(({ cells }, i) => checkCells(read, cells, `${path}.frames[${i}].cells`, where));
  return read;
};

/** A byte a cell, in base64. */
function checkCells(of: Pick<SavedMatrix, "rows" | "columns">, cells: string, path: string, where: string): void {
  const expected = of.rows.length * of.columns.length;
  if (bytesOf(cells) !== expected) throw new ProtocolError(where, path, `${expected} cells`, bytesOf(cells));
}

const state = oneOf(RUN_STATES);
const message = text(4000);

/** One run with its curves and pictures. */
export const savedRun: Reader<SavedRun> = (value, path, where) => {
  const read = object<SavedRun>({
    name: label,
    state,
    message,
    plan: nullable(plan),
    progress: nullable(progress),
    curves: list(
      object<SavedNamedCurve>({ kind: oneOf<CurveKind>(["train", "validation", "rate", "norm"]), name: label, curve }),
      0,
      MAX_CURVES,
    ),
    matrices: list(matrices, 0, MAX_MATRICES),
  })(value, path, where);
  const at = read.progress;
  if (at && (at.stage >= (read.plan?.stages.length ?? 0) || at.stageSteps.length !== read.plan?.stages.length))
    throw new ProtocolError(where, `${path}.progress.stage`, "a stage of the plan", at.stage);
  return read;
};

const payload = object<TrainingPayload>({
  version: oneOf<1>([1]),
  view: text(100),
  title: text(300),
  runs: list(savedRun, 1, MAX_RUNS),
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readTraining(value: unknown, where = "training view"): TrainingPayload {
  return payload(value, "", where);
}

const eventKind = object<{ kind: RunEvent["kind"] }>({ kind: oneOf(["began", "stepped", "changed"]) });
const began = object<Extract<RunEvent, { kind: "began" }>>({ kind: oneOf(["began"]), plan });
const stepped = object<Extract<RunEvent, { kind: "stepped" }>>({ kind: oneOf(["stepped"]), step });
const changed = object<Extract<RunEvent, { kind: "changed" }>>({ kind: oneOf(["changed"]), state, message });

/** One event of a run. */
export const runEvent: Reader<RunEvent> = (value, path, where) => {
  const { kind } = eventKind(value, path, where);
  switch (kind) {
    case "began":
      return began(value, path, where);
    case "changed":
      return changed(value, path, where);
    case "stepped": {
      const read = stepped(value, path, where);
      read.step.matrices.forEach((one, i) => checkCells(one, one.cells, `${path}.step.matrices[${i}].cells`, where));
      return read;
    }
    default:
      return kind satisfies never;
  }
};
