import { queryText, type AttentionPayload } from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import type { AttentionAnswer } from "./answer";
import { probability } from "./speech";
import type { AttentionState } from "./state";

/** The view as tables: every head under the query on screen, and the numbers of all heads at all layers. Hidden at first. */
export class AttentionTable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: AttentionPayload,
  ) {
    this.node = tablesRegion(trans.__("The view as tables"));
  }

  update(state: AttentionState, answer: AttentionAnswer | undefined): void {
    this.node.hidden = !state.table;
    if (!state.table) return;
    const heads = answer ? [this.heads(state, answer)] : [];
    this.node.replaceChildren(...heads, this.numbers(state));
  }

  private heads({ layer, picture }: AttentionState, { shape, query, heads }: AttentionAnswer): HTMLTableElement {
    const { trans, payload } = this;
    const head = [
      trans.__("Head"),
      trans.__("Most on"),
      trans.__("Its value"),
      trans.__("On prefix tokens"),
      trans.__("Entropy, this query"),
      trans.__("Entropy, all queries"),
      trans.__("Mean distance"),
    ];
    const rows = heads.map(({ best, map, prefix, entropy }, i) => {
      const numbers = payload.numbers[picture][layer][i];
      return [
        String(i + 1),
        queryText(trans, shape, shape.prefix + best),
        probability(map[best]),
        percent(prefix),
        entropy.toFixed(2),
        numbers.entropy.toFixed(2),
        percent(numbers.distance),
      ];
    });
    const caption = trans.__("Layer %1, query: %2", payload.layers[layer].layer, queryText(trans, shape, query));
    return dataTable(caption, head, rows, 0);
  }

  private numbers({ picture }: AttentionState): HTMLTableElement {
    const { trans, payload } = this;
    const most = payload.layers.reduce((found, { heads }) => Math.max(found, heads), 0);
    const head = [trans.__("Layer"), ...Array.from({ length: most }, (_, i) => trans.__("Head %1", i + 1))];
    const rows = payload.layers.map(({ layer }, at) => {
      const cells = payload.numbers[picture][at].map(
        ({ entropy, distance }) => `${entropy.toFixed(2)} · ${percent(distance)}`,
      );
      return [String(layer), ...cells, ...Array<string>(most - cells.length).fill("–")];
    });
    return dataTable(trans.__("Entropy and mean distance over all queries"), head, rows, 0);
  }
}

const percent = (share: number): string => `${Math.round(100 * share)}\u00a0%`;
