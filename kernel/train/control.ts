import type { StepReport } from "./report";
import type { TrainingPlan } from "./plan";

/** How a training ended: by itself, by a signal or control, by an interrupt of its cell, or by an error. */
export type TrainingEnd = "finished" | "stopped" | "interrupted" | "failed";

/** `waiting` for `fit` to begin; `pausing` and `stopping` until the step that is under way has ended. */
export type TrainingState = "waiting" | "running" | "pausing" | "paused" | "stopping" | TrainingEnd;

/** Hears of a training. What it throws ends the training. */
export interface TrainingObserver {
  /** A `fit` begins with the control, or goes on from a checkpoint. */
  began?(plan: TrainingPlan): void;
  stepped?(report: StepReport): void;
  /** @param message why, where it failed */
  changed?(state: TrainingState, message: string): void;
}

/** Reports that who observes late still hears of. */
const KEPT_REPORTS = 10_000;
/** The same of reports with pictures, which are larger. */
const KEPT_PICTURES = 200;
/** In a pause, the time between two looks at whether its cell was interrupted. */
const LOOK_MS = 200;

const ENDS: readonly TrainingState[] = ["finished", "stopped", "interrupted", "failed"];

/**
 * Pauses and stops a training from outside, and says what it does: given to `fit` as `control`, and to `view.training` to be
 * looked at. A button's handler holds it while the loop runs.
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

  /** @param name by which runs beside each other are told apart, as `seed 2` */
  constructor(readonly name = "") {}

  get state(): TrainingState {
    return this.now;
  }

  /** Why it failed. */
  get message(): string {
    return this.why;
  }

  /** The loop finishes its step, then waits for {@link resume} or {@link stop}. */
  pause(): void {
    if (this.ended || this.stopped) return;
    this.waiting ??= new Promise((resolve) => (this.wake = resolve));
    if (this.now === "running") this.change("pausing");
  }

  resume(): void {
    this.wake?.();
    this.waiting = this.wake = null;
    if (this.now === "pausing") this.change("running");
  }

  /** The loop finishes its step, writes its checkpoint and returns. */
  stop(): void {
    if (this.ended) return;
    this.stopper.abort();
    this.resume();
    if (this.now === "running" || this.now === "paused") this.change("stopping");
  }

  get paused(): boolean {
    return this.waiting !== null;
  }

  get stopped(): boolean {
    return this.stopper.signal.aborted;
  }

  /** Resolves at once, or when a pause ends. */
  async ready(): Promise<void> {
    if (!this.waiting) return;
    this.change("paused");
    // A timer is where a session stops a cell that was interrupted: in a pause too.
    while (this.waiting)
      await Promise.race([this.waiting, new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS))]);
    if (!this.stopped) this.change("running");
  }

  /**
   * Hears of the training from its beginning: of what was before, the last 10,000 reports are told at once.
   *
   * @returns what ends it
   */
  observe(observer: TrainingObserver): () => void {
    this.observers.add(observer);
    if (this.plan) observer.began?.(this.plan);
    for (const report of this.reports) observer.stepped?.(report);
    observer.changed?.(this.now, this.why);
    return () => void this.observers.delete(observer);
  }

  /** @internal A `fit` begins: what was of an earlier one is forgotten. */
  begin(plan: TrainingPlan): void {
    this.plan = plan;
    this.reports = [];
    this.pictured = [];
    this.why = "";
    for (const observer of [...this.observers]) observer.began?.(plan);
    this.change(this.stopped ? "stopping" : this.paused ? "pausing" : "running");
  }

  /** @internal */
  report(report: StepReport): void {
    const kept = { ...report };
    this.reports.push(kept);
    if (this.reports.length > KEPT_REPORTS) this.reports.shift();
    if (kept.pictures.length) this.pictured.push(kept);
    if (this.pictured.length > KEPT_PICTURES) this.pictured.shift()!.pictures = [];
    for (const observer of [...this.observers]) observer.stepped?.(report);
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
    for (const observer of [...this.observers]) observer.changed?.(state, this.why);
  }
}
