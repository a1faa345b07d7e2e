import { decodeCells, frameAt, least, most, numberText, type RunRecord, type SavedMatrices } from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import { numberRows } from "./numbers";
import { curveName, sayState } from "./speech";
import type { TrainingViewState } from "./state";

/** Rows of a picture in a table are cut after so many columns. */
const MOST_COLUMNS = 24;

/** The view as tables: the curves of every run, what it uses, and the pictures of the evaluation on screen. Hidden at first. */
export class TrainingTable {
  readonly node: HTMLElement;

  constructor(private readonly trans: Translate) {
    this.node = tablesRegion(trans.__("The view as tables"));
  }

  update(runs: readonly RunRecord[], state: TrainingViewState): void {
    this.node.hidden = !state.table;
    if (!state.table) return;
    const run = runs[state.run];
    const shown = run.matrices.map((matrix) => this.matrix(matrix, state.evaluation ?? Infinity));
    this.node.replaceChildren(...runs.map((one, i) => this.curves(one, i)), this.numbers(run), ...shown);
  }

  private curves(run: RunRecord, i: number): HTMLTableElement {
    const { trans } = this;
    const head = [
      trans.__("Curve"),
      trans.__("Last"),
      trans.__("Smallest"),
      trans.__("Largest"),
      trans.__("At update"),
    ];
    const rows = run.curves.map((named) => {
      const { buckets } = named.curve;
      const lows = buckets.map(({ low }) => low.value);
      const highs = buckets.map(({ high }) => high.value);
      const last = buckets[buckets.length - 1];
      const values = last ? [last.mean, least(lows), most(highs), last.step].map(numberText) : ["", "", "", ""];
      return [curveName(trans, named), ...values];
    });
    const name = run.name || trans.__("Run %1", i + 1);
    return dataTable(trans.__("%1, %2", name, sayState(trans, run.state)), head, rows, 0);
  }

  private numbers(run: RunRecord): HTMLTableElement {
    const { trans } = this;
    return dataTable(trans.__("Speed and memory"), [trans.__("What"), trans.__("Value")], numberRows(trans, run), 0);
  }

  private matrix(matrix: SavedMatrices, step: number): HTMLTableElement {
    const { title, rows, columns, axes } = matrix;
    const frame = frameAt(matrix, step) ?? matrix.frames[0];
    const values = decodeCells(frame);
    const shown = columns.slice(0, MOST_COLUMNS);
    const body = rows.map((name, row) => [
      name,
      ...shown.map((_, column) => {
        const value = values[row * columns.length + column];
        return value === null ? "" : numberText(value);
      }),
    ]);
    const cut = columns.length > shown.length ? this.trans.__(", %1 of %2 columns", shown.length, columns.length) : "";
    const caption = this.trans.__("%1 after update %2%3", title, numberText(frame.step), cut);
    return dataTable(caption, [axes[0] || this.trans.__("Row"), ...shown], body, 0);
  }
}
