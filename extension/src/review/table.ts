import { boxText, confidenceText, type ReviewPayload } from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import { stateText } from "./speech";
import { type ReviewState, shownBox } from "./state";

/** Every prediction with its box and state. Hidden at first. */
export class ReviewTable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: ReviewPayload,
  ) {
    this.node = tablesRegion(trans.__("The predictions as a table"));
  }

  update(state: ReviewState): void {
    this.node.hidden = !state.table;
    if (!state.table) return;
    const { trans, payload } = this;
    const head = [
      trans.__("No."),
      trans.__("Phrase"),
      trans.__("Picture"),
      trans.__("Score"),
      trans.__("Box"),
      trans.__("State"),
    ];
    const rows = payload.items.map(({ phrase, picture, score }, at) => [
      String(at + 1),
      phrase,
      payload.pictures[picture].label,
      confidenceText(score),
      boxText(trans, shownBox(payload, state, at)),
      stateText(trans, state, at),
    ]);
    this.node.replaceChildren(dataTable(trans.__("Doubtful predictions"), head, rows, 1));
  }
}
