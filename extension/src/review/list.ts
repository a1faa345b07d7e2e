import { type ReviewPayload, confidenceText } from "fovea/protocol";
import { element, setText } from "../dom";
import type { Translate } from "../parts/translate";
import { stateText } from "./speech";
import type { ReviewState } from "./state";

/** All predictions of the view with their state; a click shows one. Worked by the stage's keys. */
export class ReviewList {
  readonly node: HTMLElement = element("ol", { class: "jp-FoveaReview-list", attributes: { "aria-hidden": "true" } });
  private readonly rows: { node: HTMLElement; state: HTMLElement }[];
  private current = -1;

  constructor(
    private readonly trans: Translate,
    { items }: ReviewPayload,
    show: (item: number) => void,
  ) {
    this.rows = items.map(({ phrase, score }, at) => {
      const state = element("span", { class: "jp-FoveaReview-state" });
      const node = element(
        "li",
        { class: "jp-FoveaReview-item jp-FoveaView-choice" },
        element("span", { class: "jp-FoveaReview-score", text: confidenceText(score) }),
        element("span", { class: "jp-FoveaReview-words", text: phrase }),
        state,
      );
      node.addEventListener("click", () => show(at));
      return { node, state };
    });
    this.node.append(...this.rows.map(({ node }) => node));
  }

  update(state: ReviewState): void {
    this.rows.forEach((row, at) => {
      row.node.classList.toggle("jp-mod-selected", at === state.item);
      setText(row.state, stateText(this.trans, state, at));
    });
    if (state.item !== this.current) this.reveal(state.item);
    this.current = state.item;
  }

  /** Scrolls the list, and nothing around it, until a row is in sight. */
  private reveal(item: number): void {
    const row = this.rows.at(item)?.node;
    if (!row) return;
    const [list, own] = [this.node.getBoundingClientRect(), row.getBoundingClientRect()];
    if (own.top < list.top) this.node.scrollTop -= list.top - own.top;
    else if (own.bottom > list.bottom) this.node.scrollTop += own.bottom - list.bottom;
  }
}
