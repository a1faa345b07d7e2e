import { figure, lawPoints, predictorName, scoreText, type LawPayload, type SavedFit } from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import type { LawState } from "./state";

/** The view as two tables: the encoders of the benchmark, and the figures of every benchmark. Hidden at first. */
export class LawTable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: LawPayload,
  ) {
    this.node = tablesRegion(trans.__("The view as tables"));
  }

  update(fit: SavedFit, state: LawState): void {
    this.node.hidden = !state.table;
    if (state.table) this.node.replaceChildren(this.encoders(fit, state), this.benchmarks(fit));
  }

  private encoders(fit: SavedFit, state: LawState): HTMLTableElement {
    const { trans, payload } = this;
    const head = [
      trans.__("No."),
      trans.__("Encoder"),
      trans.__("Measured"),
      trans.__("Predicted"),
      trans.__("Left out"),
    ];
    const rows = lawPoints(payload, fit, state.benchmark).map((point) => [
      String(point.encoder + 1),
      payload.encoders[point.encoder] + (point.encoder === state.selected ? ` ${trans.__("(selected)")}` : ""),
      ...[point.measured, point.predicted, point.leftOut, ...point.predictors].map(scoreText),
    ]);
    const caption = trans.__("Encoders on %1", payload.benchmarks[state.benchmark]);
    return dataTable(caption, [...head, ...payload.predictors.map((name) => predictorName(trans, name))], rows, 1);
  }

  private benchmarks(fit: SavedFit): HTMLTableElement {
    const { trans, payload } = this;
    const head = [trans.__("Benchmark"), "R²", trans.__("Adjusted R²"), "Q²", "n", trans.__("Coefficients")];
    const rows = fit.benchmarks.map((of, i) => [
      payload.benchmarks[i],
      ...[of.r2, of.adjustedR2, of.looQ2].map(figure),
      String(of.n),
      of.coefficients.map((value) => figure(value)).join(", "),
    ]);
    return dataTable(
      trans.__("Fits, coefficients in the order 1, %1", fit.benchmarks[0].terms.join(", ")),
      head,
      rows,
      0,
    );
  }
}
