import { type ReviewPayload, confidenceText } from "fovea/protocol";
import { element, scrollToItem, setText } from "../dom";
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
    const shown = this.rows.at(state.item)?.node;
    if (state.item !== this.current && shown) scrollToItem(this.node, shown);
    this.current = state.item;
  }
}
