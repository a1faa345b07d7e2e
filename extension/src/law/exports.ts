import { lawPoints, type LawPayload, type SavedFit } from "fovea/protocol";
import { call, cell, comment, declare, literal, Raw } from "../export";
import type { LawState } from "./state";

/** The fit on screen and its encoders, in the units of the table. */
export function exportData(payload: LawPayload, fit: SavedFit, state: LawState): object {
  const { choice, normalize, ridge } = fit;
  const benchmark = payload.benchmarks[state.benchmark];
  const encoders = lawPoints(payload, fit, state.benchmark).map(
    ({ encoder, predictors, measured, predicted, leftOut }) => ({
      encoder: payload.encoders[encoder],
      predictors: Object.fromEntries(payload.predictors.map((name, i) => [name, predictors[i]])),
      measured,
      predicted,
      leftOut,
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

/** A cell with the table and the fit that makes the view again, with the choices on screen. */
export function exportCode(payload: LawPayload, fit: SavedFit, state: LawState): string {
  const { benchmark, choice, leaveOneOut, residuals } = state;
  const chosen = choice.terms ? { terms: choice.terms } : { degree: choice.degree };
  const shown = call("view.law", [new Raw("table"), fitCode(payload, fit, chosen)], {
    title: payload.title || undefined,
    benchmark: payload.benchmarks[benchmark],
    ...(payload.refits && chosen),
    leaveOneOut: leaveOneOut || undefined,
    residuals: residuals || undefined,
  });
  return cell(
    ["law", "view"],
    [
      tableCode(payload),
      payload.selects
        ? comment("What follows a selection (onSelect) is a function, which cannot be written here.")
        : undefined,
      shown,
    ],
  );
}

/** Rows as short lists, and the table that they make. */
function tableCode({ encoders, benchmarks, predictors, rows, groups = [] }: LawPayload): string {
  const short = rows.map((row) => [encoders[row.encoder], benchmarks[row.benchmark], row.predictors, row.score]);
  const values = Object.fromEntries(predictors.map((name, i) => [name, new Raw(`values[${i}]`)]));
  const long = `{ encoder, benchmark, predictors: ${literal(values)}, score }`;
  const table = {
    rows: new Raw(`rows.map(([encoder, benchmark, values, score]) => (${long}))`),
    encoders,
    benchmarks,
    predictors,
    groups: Object.fromEntries(groups.map(({ name, benchmarks: of }) => [name, of.map((at) => benchmarks[at])])),
  };
  const type = "[encoder: string, benchmark: string, values: number[], score: number | null][]";
  return `const rows: ${type} = ${literal(short)};\n${declare("table", table)}`;
}

/** The fit on screen, or the function that fits again where the view has one. */
function fitCode({ refits }: LawPayload, fit: SavedFit, chosen: object): Raw {
  const fixed = fitOptions(fit);
  if (!refits) return new Raw(call("law.fit", [new Raw("table")], { ...chosen, ...fixed }));
  const more = Object.entries(fixed).map(([name, value]) => `, ${name}: ${literal(value)}`);
  return new Raw(`(options) => law.fit(table, ${more.length ? `{ ...options${more.join("")} }` : "options"})`);
}

/** Options of the fit that are not its defaults. */
function fitOptions({ predictors, normalize, ridge }: SavedFit): Record<string, unknown> {
  return {
    ...(predictors.join() === "a,c" ? {} : { predictors }),
    ...(normalize === "minmax" ? {} : { normalize }),
    ...(ridge === 0 ? {} : { ridge }),
  };
}
