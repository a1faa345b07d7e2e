import { argmax, boxText, type GroundingPayload } from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import type { ShownBoxes } from "./boxes";
import { attentionText, layerText } from "./speech";
import { type GroundingState, shownPatch } from "./state";
import type { ShownAnswer } from "./store";

/** The boxes on screen, the attention of every word, and the replay. Hidden at first. */
export class GroundingTable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: GroundingPayload,
  ) {
    this.node = tablesRegion(trans.__("The view as tables"));
  }

  update(state: GroundingState, shown: ShownAnswer | undefined, boxes: ShownBoxes): void {
    this.node.hidden = !state.table;
    if (!state.table) return;
    const words = shown?.attention ? [this.words(state, shown)] : [];
    const replay = this.payload.replay ? [this.replay()] : [];
    this.node.replaceChildren(this.boxes(boxes), ...words, ...replay);
  }

  private boxes({ boxes, truth = [] }: ShownBoxes): HTMLTableElement {
    const { trans } = this;
    const head = [trans.__("Branch"), trans.__("Box"), trans.__("Score"), trans.__("IoU")];
    const found = boxes.map(({ branch, box, score, overlap }) => [
      branch,
      boxText(trans, box),
      score.toFixed(3),
      overlap?.toFixed(3) ?? "–",
    ]);
    const known = truth.map((box) => [trans.__("truth"), boxText(trans, box), "–", "–"]);
    return dataTable(trans.__("Boxes on screen"), head, [...found, ...known], 0);
  }

  private words(state: GroundingState, { answer, attention }: ShownAnswer): HTMLTableElement {
    const { trans, payload } = this;
    const patch = shownPatch(state);
    const columns = payload.grid[1];
    const place = (at: number): string => `${Math.floor(at / columns) + 1}, ${(at % columns) + 1}`;
    const head = [trans.__("Word"), trans.__("Most attention to patch (row, column)"), trans.__("Its value")];
    const here = patch === undefined ? [] : [trans.__("From patch %1", place(patch))];
    const rows = answer.words.map((word, i) => {
      const row = attention?.word(i, state.layer) ?? new Float32Array();
      const best = argmax(row);
      const from = patch === undefined ? [] : [attentionText(attention?.patch(patch, state.layer)[i] ?? 0)];
      return [word, place(best), attentionText(row[best]), ...from];
    });
    return dataTable(trans.__("Attention, %1", layerText(trans, payload, state.layer)), [...head, ...here], rows, 0);
  }

  private replay(): HTMLTableElement {
    const { trans } = this;
    const { epochs = [], phrase = "" } = this.payload.replay ?? {};
    const rows = epochs.map(({ weight, token, decoder }, i) => [
      String(i + 1),
      weight.toFixed(3),
      token ? boxText(trans, token.box) : "–",
      decoder ? boxText(trans, decoder.box) : "–",
    ]);
    const head = [trans.__("Epoch"), "W_dt", trans.__("Token branch"), trans.__("Decoder branch")];
    return dataTable(trans.__("Replay of “%1”", phrase), head, rows, 0);
  }
}
