import { lawPoints, type LawPayload, type SavedFit } from "fovea/protocol";
import { call, Raw } from "../export";
import type { LawState } from "./state";

/** The fit on screen and its encoders, in the units of the table. */
export function exportData(payload: LawPayload, fit: SavedFit, state: LawState): object {
  const { choice, normalize, ridge } = fit;
  const benchmark = payload.benchmarks[state.benchmark];
  const encoders = lawPoints(payload, fit, state.benchmark).map(
    ({ encoder, predictors, measured, predicted, leftOut }) => ({
      encoder: payload.encoders[encoder],
      predictors: Object.fromEntries(payload.predictors.map((name, i) => [name, predictors[i]])),
      ...{ measured, predicted, leftOut },
    }),
  );
  const fits = Object.fromEntries(
    payload.benchmarks.map((name, i) => {
      const { n, terms, coefficients, r2, adjustedR2, looQ2 } = fit.benchmarks[i];
      return [name, { n, terms, coefficients, r2, adjustedR2, looQ2 }];
    }),
  );
  const selected = state.selected === undefined ? null : payload.encoders[state.selected];
  return { options: { ...choice, normalize, ridge }, benchmark, selected, encoders, fits };
}

/** `view.law(table, …)` with the choices on screen. */
export function exportCode(payload: LawPayload, { benchmark, choice, leaveOneOut, residuals }: LawState): string {
  const refit = new Raw("(options) => law.fit(table, options)");
  return call("view.law", [new Raw("table"), refit], {
    title: payload.title || undefined,
    benchmark: payload.benchmarks[benchmark],
    degree: choice.terms ? undefined : choice.degree,
    terms: choice.terms,
    leaveOneOut: leaveOneOut || undefined,
    residuals: residuals || undefined,
  });
}
