import type { StepReport, TrainingEnd, TrainingState } from "./report";
import type { TrainingPlan } from "./plan";
import { sessionTrainings } from "../session-trainings";

/** Receives the events of a run; throwing stops it. */
export interface TrainingObserver {
  /** Called when `fit` begins or resumes from a checkpoint. */
  began?(plan: TrainingPlan): void;
  stepped?(report: StepReport): void;
  /**
   * Called at a change of state.
   *
   * @param message reason of a failure
   */
  changed?(state: TrainingState, message: string): void;
}

/** Reports replayed to a late observer. */
const KEPT_REPORTS = 10_000;
/** Reports with pictures replayed to a late observer; they are larger. */
const KEPT_PICTURES = 200;
/** Interval in a pause between checks for an interrupt. */
const LOOK_MS = 200;

const ENDS: readonly TrainingState[] = ["finished", "stopped", "interrupted", "failed"];

/**
 * Control of a training: pauses and stops it from outside and reports its events. Pass it to `fit` as `control` and to
 * `view.training` for display. A button's handler can hold it while the loop runs.
 */
export class TrainingControl {
  private readonly stopper = new AbortController();
  private readonly observers = new Set<TrainingObserver>();
  private waiting: Promise<void> | null = null;
  private wake: (() => void) | null = null;
  private now: TrainingState = "waiting";
  private why = "";
  private plan: TrainingPlan | null = null;
  private reports: StepReport[] = [];
  private pictured: StepReport[] = [];
  private step = 0;

  /** @param name name that distinguishes parallel runs, such as `seed 2` */
  constructor(
    /** Name that distinguishes parallel runs; empty for none. */
    readonly name = "",
  ) {}

  /** State of the run, from `waiting` to one of its ends. */
  get state(): TrainingState {
    return this.now;
  }

  /** @internal Updates so far and in all. */
  get progress(): { step: number; totalSteps: number } {
    return { step: this.step, totalSteps: this.plan?.totalSteps ?? 0 };
  }

  /** Reason of a failure. */
  get message(): string {
    return this.why;
  }

  /** Pauses: the loop finishes its step and waits for {@link resume} or {@link stop}. */
  pause(): void {
    if (this.ended || this.stopped) return;
    this.waiting ??= new Promise((resolve) => (this.wake = resolve));
    if (this.now === "running") this.change("pausing");
  }

  /** Continues after a pause. */
  resume(): void {
    this.wake?.();
    this.waiting = this.wake = null;
    if (this.now === "pausing") this.change("running");
  }

  /** Stops: the loop finishes its step, writes its checkpoint and returns. */
  stop(): void {
    if (this.ended) return;
    this.stopper.abort();
    this.resume();
    if (this.now === "running" || this.now === "paused") this.change("stopping");
  }

  /** True while a pause is asked for. */
  get paused(): boolean {
    return this.waiting !== null;
  }

  /** True once a stop is asked for. */
  get stopped(): boolean {
    return this.stopper.signal.aborted;
  }

  /** Resolves at once, or when a pause ends. */
  async ready(): Promise<void> {
    if (!this.waiting) return;
    this.change("paused");
    // A session stops an interrupted cell at a timer, also in a pause.
    while (this.waiting)
      await Promise.race([this.waiting, new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS))]);
    if (!this.stopped) this.change("running");
  }

  /**
   * Adds an observer. It receives the training from its beginning; of the past, the last 10,000 reports are replayed at
   * once.
   *
   * @returns a function that removes the observer
   */
  observe(observer: TrainingObserver): () => void {
    this.observers.add(observer);
    if (this.plan) observer.began?.(this.plan);
    for (const report of this.reports) observer.stepped?.(report);
    observer.changed?.(this.now, this.why);
    return () => void this.observers.delete(observer);
  }

  /** @internal Called when a `fit` begins; drops the record of an earlier one. */
  begin(plan: TrainingPlan): void {
    this.plan = plan;
    this.step = plan.step;
    this.reports = [];
    this.pictured = [];
    this.why = "";
    for (const observer of [...this.observers]) observer.began?.(plan);
    this.change(this.stopped ? "stopping" : this.paused ? "pausing" : "running");
  }

  /** @internal */
  report(report: StepReport): void {
    this.step = report.step;
    sessionTrainings.note(this);
    this.keep(report);
    for (const observer of [...this.observers]) observer.stepped?.(report);
  }

  protected keep(report: StepReport): void {
    const kept = { ...report };
    this.reports.push(kept);
    if (this.reports.length > KEPT_REPORTS) this.reports.shift();
    if (kept.pictures.length) this.pictured.push(kept);
    if (this.pictured.length > KEPT_PICTURES) this.pictured.shift()!.pictures = [];
  }

  /** @internal */
  end(how: TrainingEnd, message = ""): void {
    this.why = message;
    this.change(how);
  }

  private get ended(): boolean {
    return ENDS.includes(this.now);
  }

  private change(state: TrainingState): void {
    this.now = state;
    sessionTrainings.note(this);
    for (const observer of [...this.observers]) observer.changed?.(state, this.why);
  }
}

/** @internal Control of a training that was given none: it can be steered from outside, and keeps no reports for observers. */
export class UnobservedControl extends TrainingControl {
  protected override keep(): void {}
}
