import { argmax, tokenRow, type AlignmentPayload } from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import { normalizationName, valueText } from "./speech";
import type { AlignmentState } from "./state";
import type { AlignmentAnswer } from "./values";

/** Every token with its best patch and its value at the patch on screen. Hidden at first. */
export class AlignmentTable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: AlignmentPayload,
  ) {
    this.node = tablesRegion(trans.__("The view as a table"));
  }

  update(state: AlignmentState, answer: AlignmentAnswer): void {
    this.node.hidden = !state.table;
    if (!state.table) return;
    const { trans, payload } = this;
    const columns = payload.placement.grid[1];
    const cell = (patch: number): string => `${Math.floor(patch / columns) + 1}, ${(patch % columns) + 1}`;
    const here = trans.__("At patch %1", cell(answer.patch));
    const head = [
      trans.__("No."),
      trans.__("Token"),
      trans.__("Best patch (row, column)"),
      trans.__("Its value"),
      here,
    ];
    const rows = payload.tokens.labels.map((label, token) => {
      const values = tokenRow(answer.matrix, token);
      const best = argmax(values);
      return [String(token + 1), label, cell(best), valueText(values[best]), valueText(answer.column[token])];
    });
    this.node.replaceChildren(dataTable(normalizationName(trans, state.normalization), head, rows, 1));
  }
}
