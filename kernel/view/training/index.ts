import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { DISPLAY } from "../../display/describe";
import type { Displayable } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import { currentHost, type MimeBundle } from "../../display/host";
import { keepLive, type Channel, type LiveView } from "../live";
import { REQUEST, type Message } from "../../protocol/core/messages";
import {
  readTrainingRequest,
  type BundleReply,
  type EventsReply,
  type RunsReply,
} from "../../protocol/training/messages";
import { CAPACITY } from "../../protocol/training/curve";
import { planOf } from "../../protocol/training/told";
import { savedRun } from "../../protocol/training/read";
import { picturedStep, type StoredRunLike, type TrainingRunLike } from "./input";
import { MAX_RUNS, type RunCommand, type RunEvent } from "../../protocol/training/payload";
import { isEnd, RunRecord } from "../../protocol/training/record";
import { describeTraining, saveTraining } from "./save";

export type {
  StoredRunLike,
  TrainingNumbersLike,
  TrainingObserverLike,
  TrainingPlanLike,
  TrainingRunLike,
  TrainingStepLike,
} from "./input";
export type { RunState } from "../../protocol/status";
export type { RunMemory, RunPlan } from "../../protocol/training/payload";

/** Options of `view.training`. */
export interface TrainingViewOptions {
  /** Title above the view. Default: none. */
  title?: string;
}

const NAMES: OptionNames<TrainingViewOptions> = {
  title: true,
};

/** Least time between two messages about steps to a viewer. */
const TELL_EVERY_MS = 150;
/** Least time between two writes of the notebook's copy during a run; the end of a run writes it too. */
const WRITE_EVERY_MS = 10_000;
/** Largest share of the run's time that writing that copy may take. */
const WRITE_SHARE = 0.02;
const FRAMES = 64;
const WHERE = "view.training";

type Tell = (reply: RunsReply | EventsReply) => void;

/**
 * View of one or several runs while they go on. `display` shows it before the training begins, and the notebook saves its
 * latest state.
 */
export class TrainingView implements Displayable {
  readonly id: string = platform().uuid();
  private readonly records: RunRecord[];
  private readonly waiting: RunEvent[][];
  private readonly followers = new Set<Tell>();
  private readonly leave: (() => void)[];
  private shown = false;
  private told = -Infinity;
  private stopTimer: (() => void) | undefined;
  /** Sends the remaining reports after the last of several quick steps. */
  private later: (() => () => void) | undefined;
  private nextWrite = -Infinity;

  constructor(
    private readonly runs: readonly (TrainingRunLike | StoredRunLike)[],
    private readonly title: string,
  ) {
    checkArguments("view.TrainingView", ViewError, { runs, title }, { runs: ["object"], title: "string" });
    this.records = runs.map((run) =>
      isStored(run) ? RunRecord.load(savedRun(run.record, "record", WHERE)) : new RunRecord(run.name),
    );
    this.waiting = runs.map(() => []);
    this.leave = [...runs.flatMap((run, i) => (isStored(run) ? [] : [this.observe(run, i)])), keepLive(this.service())];
  }

  /** Names the output, so that it can be replaced while the training goes on. */
  get displayId(): string {
    return this.id;
  }

  /** The view as it is now, at most 300 KB. */
  get bundle(): MimeBundle {
    return saveTraining(this.id, this.title, this.records);
  }

  [DISPLAY](): MimeBundle {
    this.shown = true;
    this.nextWrite = performance.now() + WRITE_EVERY_MS;
    return this.bundle;
  }

  toString(): string {
    return describeTraining(this.title, this.records);
  }

  /** Returns the text that `console.log` prints. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Stops following; the trainings go on, and viewers keep what they have. */
  dispose(): void {
    this.stopTimer?.();
    for (const leave of this.leave) leave();
    this.followers.clear();
  }

  private observe(run: TrainingRunLike, i: number): () => void {
    checkArguments(
      "view.TrainingView",
      ViewError,
      { [`runs[${i}]`]: run },
      { [`runs[${i}]`]: { observe: "function" } },
    );
    return run.observe({
      began: (plan) => this.note(i, { kind: "began", plan: planOf(plan) }),
      stepped: (report) => this.note(i, { kind: "stepped", step: picturedStep(report) }),
      changed: (state, message) => this.note(i, { kind: "changed", state, message: message.slice(0, 4000) }),
    });
  }

  private note(run: number, event: RunEvent): void {
    this.records[run].apply(event);
    this.waiting[run].push(event);
    const now = performance.now();
    if (event.kind !== "stepped" || now - this.told >= TELL_EVERY_MS) this.tell();
    else this.stopTimer ??= this.later?.();
    const ended = event.kind === "changed" && isEnd(event.state);
    if (this.shown && (ended || now >= this.nextWrite)) this.write();
  }

  private tell(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
    this.told = performance.now();
    this.waiting.forEach((events, run) => {
      this.waiting[run] = [];
      if (!events.length) return;
      for (const tell of this.followers) tell({ type: "events", run, events });
    });
  }

  /** Replaces the output, in every front end that shows it. */
  private write(): void {
    const start = performance.now();
    try {
      currentHost()?.display(this.bundle, { displayId: this.id, update: true });
    } catch {
      // In a cell that was interrupted nothing can be displayed: an open viewer asks for the view and saves it.
    }
    const cost = performance.now() - start;
    this.nextWrite = performance.now() + Math.max(WRITE_EVERY_MS, cost / WRITE_SHARE);
  }

  private service(): LiveView {
    return {
      id: this.id,
      open: (channel) => this.follow(channel),
      serve: (request, channel) => this.answer(request, channel),
    };
  }

  /** Tells a viewer the runs so far, then every event. A failing viewer does not stop the training. */
  private follow(channel: Channel): void {
    // Not in the scope of the training's cell: an interrupt of that cell must still be told.
    const tell: Tell = platform().bind((reply: RunsReply | EventsReply) => channel.send(reply));
    this.later = platform().bind(() => platform().timer(() => this.tell(), TELL_EVERY_MS));
    this.tell();
    tell({ type: "runs", runs: this.records.map((record) => record.save(CAPACITY, FRAMES)) });
    this.followers.add(tell);
    channel.onClose(() => void this.followers.delete(tell));
  }

  private answer(message: Message, channel: Channel): void {
    const request = readTrainingRequest(message);
    if (request.type === "steer") return this.steer(request.run, request.command);
    const reply: BundleReply = { type: "bundle", bundle: this.bundle };
    channel.send(reply);
  }

  private steer(run: number, command: RunCommand): void {
    if (run >= this.runs.length) throw new ViewError(REQUEST, `run must be below ${this.runs.length}`, run);
    const one = this.runs[run];
    if (isStored(one)) throw new ViewError(REQUEST, "the run must be of this session, not read from a folder", run);
    one[command]();
  }
}

const isStored = (run: TrainingRunLike | StoredRunLike): run is StoredRunLike =>
  typeof run === "object" && run !== null && "record" in run;

/**
 * Shows trainings while they run: curves, stages, rates, memory, pictures of evaluations, and buttons that pause and stop.
 *
 *     const control = new train.TrainingControl();
 *     display(view.training(control));
 *     await train.fit({ model, data, loss, stages, control });
 *
 * Several runs lie over each other, also with those of earlier sessions: `view.training([control, ...(await train.runs("runs")).runs])`.
 * Closing the viewer does nothing to the training.
 *
 * @throws ViewError for anything but runs, for no run, or for more than 8
 */
export function training(
  runs: TrainingRunLike | StoredRunLike | readonly (TrainingRunLike | StoredRunLike)[],
  options: TrainingViewOptions = {},
): TrainingView {
  checkOptionNames("view.training", options, NAMES, ViewError);
  const { title = "" } = options;
  const all = (Array.isArray(runs) ? runs : [runs]) as (TrainingRunLike | StoredRunLike)[];
  if (all.length < 1 || all.length > MAX_RUNS)
    throw new ViewError(WHERE, `there must be 1 to ${MAX_RUNS} runs`, all.length);
  for (const run of all)
    if (!isStored(run) && (typeof run?.observe !== "function" || typeof run.pause !== "function"))
      throw new ViewError(
        WHERE,
        "each run must be a train.TrainingControl, the one that fit gets, or of train.runs",
        run,
      );
  return new TrainingView(all, title);
}
