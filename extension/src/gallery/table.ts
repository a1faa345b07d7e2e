import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import type { GalleryState } from "./state";
import type { FoundNeighbors, GalleryStore } from "./store";

/** The neighbors as a table. Hidden at first. */
export class NeighborTable {
  readonly node: HTMLElement;

  constructor(private readonly trans: Translate) {
    this.node = tablesRegion(trans.__("The neighbors as a table"));
  }

  update(state: GalleryState, store: GalleryStore, found: FoundNeighbors | undefined): void {
    this.node.hidden = !state.table;
    if (!state.table) return;
    const { trans } = this;
    const head = [trans.__("No."), trans.__("Picture"), trans.__("Cosine"), trans.__("Place of the nearest patch")];
    const percent = (share: number): string => `${Math.round(100 * share)}\u00a0%`;
    const rows = (found?.neighbors ?? []).map(({ index, score, box }, i) => [
      String(i + 1),
      store.name(index),
      score.toFixed(3),
      box
        ? trans.__("%1 from the left, %2 from the top", percent((box[0] + box[2]) / 2), percent((box[1] + box[3]) / 2))
        : "–",
    ]);
    const caption = trans.__("Nearest to %1", store.name(state.index));
    this.node.replaceChildren(dataTable(caption, head, rows, 1));
  }
}
