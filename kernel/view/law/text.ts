import { most } from "../../numeric/order";
import { counted } from "../../protocol/core/words";
import { figure, isTight, lawPoints, scoreText } from "../../protocol/law/model";
import type { LawPayload, SavedBenchmarkFit, SavedFit } from "../../protocol/law/payload";

/** The view in words: the fit of every benchmark, and the encoders of the one shown first. */
export function describeLaw(payload: LawPayload): string {
  const [fit] = payload.fits;
  const of = fit.benchmarks[payload.current];
  return [
    `${payload.title ? `${payload.title}: ` : ""}${counted(payload.encoders.length, "encoder")} on ${counted(payload.benchmarks.length, "benchmark")}, score predicted from ${termsText(fit)}`,
    ...payload.benchmarks.map((name, i) => `${name}: ${fitFigures(fit.benchmarks[i])}`),
    ...fit.groups.map(
      (group) => `mean of ${group.name}: R² ${figure(group.r2)}, leave-one-out Q² ${figure(group.looQ2)}`,
    ),
    ...(isTight(of) ? [`Warning, ${payload.benchmarks[payload.current]}: ${tightWarning(of)}`] : []),
    "",
    ...encoderLines(payload, fit),
  ].join("\n");
}

function termsText(fit: SavedFit): string {
  return ["1", ...fit.benchmarks[0].terms].join(", ");
}

function encoderLines(payload: LawPayload, fit: SavedFit): string[] {
  const points = lawPoints(payload, fit, payload.current);
  const rows = points.map(({ encoder, measured, predicted, leftOut }) => [
    payload.encoders[encoder],
    ...[measured, predicted, leftOut].map(scoreText),
  ]);
  const table = [[payload.benchmarks[payload.current], "measured", "predicted", "left out"], ...rows];
  const widths = table[0].map((_, column) => most(table.map((cells) => cells[column].length)));
  return table.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "),
  );
}

/** Warning for a fit whose coefficients are many beside its rows. */
export function tightWarning(of: Pick<SavedBenchmarkFit, "n" | "coefficients">): string {
  return (
    `${counted(of.n, "encoder")}, ${counted(of.coefficients.length, "coefficient")}: R² in sample is close to what the number of ` +
    "coefficients alone gives. Read the leave-one-out Q²."
  );
}

/** "R² 0.963 in sample, adjusted R² 0.937, leave-one-out Q² 0.85, n = 13, 6 coefficients". */
function fitFigures(of: SavedBenchmarkFit): string {
  return [
    `R² ${figure(of.r2)} in sample`,
    `adjusted R² ${figure(of.adjustedR2)}`,
    `leave-one-out Q² ${figure(of.looQ2)}`,
    `n = ${of.n}`,
    counted(of.coefficients.length, "coefficient"),
  ].join(", ");
}
