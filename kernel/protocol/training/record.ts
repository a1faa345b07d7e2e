import type { RunState } from "../status";
import { Curve } from "./curve";
import { addFrame, type SavedMatrices, thinnedFrames } from "./matrix";
import {
  type CurveKind,
  MAX_CURVES,
  type RunEvent,
  type RunPlan,
  type RunProgress,
  type RunStep,
  type SavedRun,
} from "./payload";

/** Weight of a new update in the running mean. */
const FRESH = 0.1;

export interface NamedCurve {
  kind: CurveKind;
  name: string;
  curve: Curve;
}

/** One run as it was told, event by event: kernel and viewers keep the same record. */
export class RunRecord {
  state: RunState = "waiting";
  message = "";
  plan: RunPlan | null = null;
  progress: RunProgress | null = null;
  curves: NamedCurve[] = [];
  matrices: SavedMatrices[] = [];

  constructor(readonly name: string) {}

  get ended(): boolean {
    return isEnd(this.state);
  }

  apply(event: RunEvent): void {
    switch (event.kind) {
      case "began":
        return this.begin(event.plan);
      case "stepped":
        return this.step(event.step);
      case "changed":
        this.state = event.state;
        this.message = event.message;
        return;
      default:
        return event satisfies never;
    }
  }

  curve(kind: CurveKind, name: string): Curve | undefined {
    return this.curves.find((one) => one.kind === kind && one.name === name)?.curve;
  }

  /** In plain data, with at most so many buckets a curve and frames a matrix. */
  save(buckets: number, frames: number): SavedRun {
    const { name, state, message, plan, progress, curves, matrices } = this;
    return {
      name,
      state,
      message,
      plan,
      progress,
      curves: curves.map(({ kind, name: of, curve }) => ({ kind, name: of, curve: curve.thinned(buckets).save() })),
      matrices: matrices.map((one) => ({ ...one, frames: thinnedFrames(one.frames, frames) })),
    };
  }

  static load(saved: SavedRun): RunRecord {
    const record = new RunRecord(saved.name);
    const { state, message, plan, progress, matrices } = saved;
    Object.assign(record, { state, message, plan, progress, matrices });
    record.curves = saved.curves.map(({ kind, name, curve }) => ({ kind, name, curve: Curve.load(curve) }));
    return record;
  }

  private begin(plan: RunPlan): void {
    this.plan = plan;
    this.progress = null;
    this.curves = [];
    this.matrices = [];
  }

  private step(step: RunStep): void {
    const { plan } = this;
    if (!plan || step.stage >= plan.stages.length) return;
    this.progress = progressAfter(plan, this.progress, step);
    this.add("train", "loss", step, step.loss);
    for (const [name, value] of Object.entries(step.metrics)) this.add("train", name, step, value);
    for (const [name, value] of Object.entries(step.validation ?? {})) this.add("validation", name, step, value);
    for (const [name, value] of Object.entries(step.rates)) this.add("rate", name, step, value);
    this.add("norm", "gradient norm", step, step.gradientNorm);
    for (const matrix of step.matrices) this.matrices = addFrame(this.matrices, step.step, matrix);
  }

  private add(kind: CurveKind, name: string, { step }: RunStep, value: number | null): void {
    let curve = this.curve(kind, name);
    if (!curve) {
      if (this.curves.length >= MAX_CURVES) return;
      this.curves.push({ kind, name, curve: (curve = new Curve()) });
    }
    curve.push(step, value ?? NaN);
  }
}

export function isEnd(state: RunState): boolean {
  return state === "finished" || state === "stopped" || state === "interrupted" || state === "failed";
}

function progressAfter(plan: RunPlan, before: RunProgress | null, step: RunStep): RunProgress {
  const { stage, stageStep, epoch, remainingMilliseconds, memory, rates } = step;
  // The updates of an earlier run are known as a sum only.
  const stageSteps = before?.stageSteps.slice() ?? plan.stages.map(({ steps }, i) => (i < stage ? steps : 0));
  stageSteps[stage] = stageStep;
  return {
    step: step.step,
    stage,
    stageStep,
    epoch,
    remainingMilliseconds,
    memory,
    rates,
    stageSteps,
    milliseconds: (before?.milliseconds ?? 0) + step.milliseconds,
    ...paceAfter(before, step),
  };
}

/** Updates and examples a second, as means in which the last updates count most. */
function paceAfter(
  before: RunProgress | null,
  { milliseconds, examples }: RunStep,
): Pick<RunProgress, "stepsPerSecond" | "examplesPerSecond"> {
  const seconds = Math.max(milliseconds, 1e-3) / 1e3;
  const past = before?.stepsPerSecond ? 1 / before.stepsPerSecond : seconds;
  const mean = (1 - FRESH) * past + FRESH * seconds;
  return { stepsPerSecond: 1 / mean, examplesPerSecond: examples === null ? null : examples / mean };
}
