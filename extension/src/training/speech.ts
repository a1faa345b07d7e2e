import {
  chartsOf,
  curvesIn,
  durationText,
  numberText,
  type Chart,
  type NamedCurve,
  type RunRecord,
  type RunState,
} from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import type { Translate } from "../parts/translate";
import { nearest, type TrainingViewState } from "./state";

export function sayState(trans: Translate, state: RunState): string {
  const words: Record<RunState, string> = {
    waiting: trans.__("has not begun"),
    running: trans.__("running"),
    pausing: trans.__("pausing after this update"),
    paused: trans.__("paused"),
    stopping: trans.__("stopping after this update"),
    finished: trans.__("finished"),
    stopped: trans.__("stopped"),
    interrupted: trans.__("interrupted"),
    failed: trans.__("failed"),
  };
  return words[state];
}

/** "running · update 412 of 1,200 · stage adapters (2 of 2) · about 3 min left". */
export function sayPlace(trans: Translate, { state, plan, progress }: RunRecord): string {
  const parts = [sayState(trans, state)];
  if (progress && plan) {
    const stage = plan.stages[progress.stage].name;
    parts.push(trans.__("update %1 of %2", numberText(progress.step), numberText(plan.totalSteps)));
    if (plan.stages.length > 1)
      parts.push(trans.__("stage %1 (%2 of %3)", stage, progress.stage + 1, plan.stages.length));
    if (state === "running" && progress.remainingMilliseconds > 0)
      parts.push(trans.__("about %1 left", durationText(progress.remainingMilliseconds)));
  }
  return parts.join(" · ");
}

/** Returns the text of the live region: the values at the update that is read, or the state of the run. */
export function sayLive(trans: Translate, run: RunRecord, charts: readonly Chart[], state: TrainingViewState): string {
  if (state.cursor === undefined) return sayNews(trans, run);
  const values = charts.flatMap((chart) => curvesIn(chart, run)).map((one) => readAt(trans, one, state.cursor ?? 0));
  return trans.__("Update %1: %2.", numberText(state.cursor), values.filter(Boolean).join(", "));
}

/** Returns news that does not change at every step, so that a screen reader reads each item once. */
function sayNews(trans: Translate, { name, state, plan, progress, message }: RunRecord): string {
  const who = name || trans.__("The training");
  switch (state) {
    case "waiting":
      return trans.__("%1 has not begun.", who);
    case "running":
      return plan && progress
        ? trans.__("%1 is running, stage %2. Arrows read its curves.", who, plan.stages[progress.stage].name)
        : trans.__("%1 is running.", who);
    case "paused":
      return trans.__("%1 is paused after update %2.", who, numberText(progress?.step ?? 0));
    case "pausing":
      return trans.__("%1 pauses when this update has ended.", who);
    case "stopping":
      return trans.__("%1 stops when this update has ended.", who);
    case "finished":
      return trans.__("%1 has finished: %2 updates.", who, numberText(progress?.step ?? plan?.step ?? 0));
    case "stopped":
      return trans.__(
        "%1 was stopped after update %2%3.",
        who,
        numberText(progress?.step ?? 0),
        message && `: ${message}`,
      );
    case "interrupted":
      return trans.__("%1 was interrupted after update %2.", who, numberText(progress?.step ?? 0));
    case "failed":
      return trans.__("%1 has failed after update %2.", who, numberText(progress?.step ?? 0));
    default:
      return state satisfies never;
  }
}

function readAt(trans: Translate, named: NamedCurve, step: number): string {
  const { buckets } = named.curve;
  if (!buckets.length) return "";
  const bucket =
    buckets[
      nearest(
        buckets.map((one) => one.step),
        step,
      )
    ];
  const name = curveName(trans, named);
  const value = `${name} ${numberText(bucket.mean)}`;
  const elsewhere = named.kind === "validation" && bucket.step !== step;
  const spread =
    bucket.count > 1 ? trans.__(" (%1 to %2)", numberText(bucket.low.value), numberText(bucket.high.value)) : "";
  return elsewhere ? trans.__("%1 at update %2", value, numberText(bucket.step)) : value + spread;
}

export function curveName(trans: Translate, { kind, name }: NamedCurve): string {
  if (kind === "validation") return trans.__("validation %1", name);
  return kind === "rate" ? trans.__("rate of %1", name) : name;
}

/** The latest number of every curve of the loss and the metrics. */
export function sayLatest(trans: Translate, run: RunRecord): string {
  const charts = chartsOf([run]).filter(({ kind }) => kind === "loss" || kind === "metric");
  const values = charts
    .flatMap((chart) => curvesIn(chart, run))
    .flatMap((one) => {
      const { last } = one.curve;
      return last ? [`${curveName(trans, one)} ${numberText(last.value)}`] : [];
    });
  return values.length ? trans.__("Latest: %1.", values.join(", ")) : "";
}

/** Says whether the buttons work, and why not. */
export function sayControl(trans: Translate, run: RunRecord, connection: ConnectionState): string {
  if (run.ended)
    return connection === "live"
      ? trans.__("The training has ended; there is nothing left to pause or stop.")
      : trans.__("The recording of a training that has ended.");
  switch (connection) {
    case "live":
      return run.plan?.checkpoint
        ? trans.__("Connected: pause and stop act after the update that is under way; stopping leaves a checkpoint.")
        : trans.__("Connected: pause and stop act after the update that is under way. No checkpoint is set.");
    case "connecting":
      return trans.__("Asking the kernel…");
    case "stale":
      return trans.__("A recording: the kernel no longer knows this training, so it cannot be paused or stopped here.");
    case "none":
      return trans.__("A recording: no kernel is connected, so the training cannot be paused or stopped here.");
    default:
      return connection satisfies never;
  }
}
