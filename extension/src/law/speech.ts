import {
  figure,
  isTight,
  lawPoints,
  predictorName,
  scoreText,
  type LawPayload,
  type SavedBenchmarkFit,
  type SavedFit,
  type Surface,
} from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import { plural, type Translate } from "../parts/translate";
import type { FitOrigin, FitStore } from "./fits";
import { activeEncoder, type LawState } from "./state";

/** "CLIP336 (1) on mmbench: measured 64.26, predicted 64.51, left out 64.73; A score 0.82, C score 0.25." */
export function sayEncoder(trans: Translate, payload: LawPayload, fit: SavedFit, state: LawState): string {
  const encoder = activeEncoder(state);
  if (encoder === undefined)
    return trans.__("Point at an encoder or use the arrows; click or Enter selects it in every panel.");
  const point = lawPoints(payload, fit, state.benchmark).find((of) => of.encoder === encoder);
  const name = trans.__("%1 (%2)", payload.encoders[encoder], encoder + 1);
  if (!point) return trans.__("%1 has no row on %2.", name, payload.benchmarks[state.benchmark]);
  const measured = point.measured === null ? trans.__("not trained yet") : scoreText(point.measured);
  const predictors = payload.predictors
    .map((of, i) => `${predictorName(trans, of)} ${scoreText(point.predictors[i])}`)
    .join(", ");
  const said = trans.__(
    "%1 on %2: measured %3, predicted %4, predicted without it %5; %6.",
    name,
    payload.benchmarks[state.benchmark],
    measured,
    scoreText(point.predicted),
    scoreText(point.leftOut),
    predictors,
  );
  return state.selected === encoder ? `${said} ${trans.__("Selected.")}` : said;
}

/** Describes the fit, for the benchmark on screen and in the mean. */
export function sayFit(trans: Translate, payload: LawPayload, fit: SavedFit, state: LawState): string {
  const of = fit.benchmarks[state.benchmark];
  const figures = trans.__(
    "%1: R² %2 in sample, adjusted R² %3, leave-one-out Q² %4, n = %5, %6 coefficients (%7).",
    payload.benchmarks[state.benchmark],
    figure(of.r2),
    figure(of.adjustedR2),
    figure(of.looQ2),
    of.n,
    of.coefficients.length,
    ["1", ...of.terms].join(", "),
  );
  const shown = state.leaveOneOut
    ? trans.__("Each prediction is of a fit without that encoder.")
    : trans.__("Predictions are in sample: the fit has seen every encoder.");
  return [figures, shown, sayGroups(trans, fit)].filter(Boolean).join(" ");
}

function sayGroups(trans: Translate, fit: SavedFit): string {
  if (fit.benchmarks.length < 2 || fit.groups.length === 0) return "";
  const groups = fit.groups.map((group) =>
    trans.__("%1 R² %2, Q² %3", group.name, figure(group.r2), figure(group.looQ2)),
  );
  return trans.__("Means over benchmarks: %1.", groups.join("; "));
}

/** Warning shown while the fit has hardly more rows than coefficients. */
export function sayTight(trans: Translate, of: SavedBenchmarkFit): string {
  if (!isTight(of)) return "";
  return trans.__(
    "Only %1 encoders for %2 coefficients: an R² in sample this high comes cheaply. Read the leave-one-out Q².",
    of.n,
    of.coefficients.length,
  );
}

/** Describes the plane and names the predictors that it holds at their mean. */
export function saySurface(trans: Translate, surface: Surface, benchmark: string): string {
  const held = surface.held.length ? trans.__(" %1 at their mean.", surface.held.join(", ")) : "";
  const [x, y] = surface.axes.map((name) => predictorName(trans, name));
  return (
    trans.__("Predicted score on %1 over %2 and %3; far from the encoders it is extrapolation.", benchmark, x, y) + held
  );
}

/** Says where the fit on screen comes from. */
export function sayOrigin(
  trans: Translate,
  payload: LawPayload,
  { origin }: FitStore,
  connection: ConnectionState,
): string {
  const told = payload.selects && connection === "live" ? ` ${trans.__("Selections go to the notebook.")}` : "";
  return sayFitOrigin(trans, payload, origin, connection) + told;
}

function sayFitOrigin(trans: Translate, payload: LawPayload, origin: FitOrigin, connection: ConnectionState): string {
  if (origin.kind === "kernel") return trans.__("Fitted in the kernel in %1\u00a0ms.", origin.milliseconds.toFixed(1));
  if (!payload.refits) return trans.__("This fit was given as it is: degree and terms are fixed.");
  switch (connection) {
    case "live":
      return trans.__("Saved fit; the kernel is ready to fit other degrees and terms.");
    case "connecting":
      return trans.__("Saved fit; asking the kernel…");
    case "stale":
      return trans.__("Saved fit. The kernel no longer knows this view: run its cell again to fit other terms.");
    case "none":
      return trans.__("Saved fit; degrees 1 and 2 are saved. No kernel is connected.");
    default:
      return connection satisfies never;
  }
}

/** Returns the numbers of encoders and benchmarks as text. */
export function saySize(trans: Translate, { encoders, benchmarks }: LawPayload): string {
  const many = plural(encoders.length, trans.__("1 encoder"), trans.__("%1 encoders", encoders.length));
  const on = plural(benchmarks.length, trans.__("1 benchmark"), trans.__("%1 benchmarks", benchmarks.length));
  return trans.__("%1 on %2", many, on);
}
