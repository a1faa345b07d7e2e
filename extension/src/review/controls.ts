import type { ControlRow } from "../frame/frame";
import { element, setText } from "../dom";
import { button, press } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { ReviewAction } from "./keys";
import type { ReviewState } from "./state";

/** The buttons of a decision, and the row of native controls. */
export class ReviewControls implements ControlRow {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    keys: Keys<ReviewAction | HelpAction>,
    act: (action: ReviewAction) => void,
  ) {
    const of = (text: string, type: "accept" | "reject" | "undo" | "mode" | "table"): HTMLButtonElement =>
      button(text, keys.tip(type), () => act({ type }));
    const step = (text: string, by: number): HTMLButtonElement =>
      button(text, by < 0 ? trans.__("Prediction before (p)") : trans.__("Prediction after (n)"), () =>
        act({ type: "item", by }),
      );
    this.accept = of(trans.__("Confirm"), "accept");
    this.reject = of(trans.__("Reject"), "reject");
    this.undo = of(trans.__("Undo"), "undo");
    this.mode = of(trans.__("Arrows resize"), "mode");
    this.table = of(trans.__("Table"), "table");
    this.accept.classList.add("jp-FoveaReview-accept");
    this.steps = [step(trans.__("Before"), -1), step(trans.__("After"), 1)];
    const decide = [this.accept, this.reject, this.undo];
    const group = (...nodes: HTMLElement[]): HTMLElement => element("div", { class: "jp-FoveaView-buttons" }, ...nodes);
    this.others = group(this.mode, this.table);
    const attributes = { role: "group", "aria-label": trans.__("Decision and view settings") };
    this.node = element(
      "div",
      { class: "jp-FoveaView-controls", attributes },
      group(...decide),
      group(...this.steps),
      this.others,
    );
  }

  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  /** @param canDecide false without a kernel or a prediction */
  sync(state: ReviewState, isRedrawn: boolean, canDecide: boolean): void {
    setText(this.accept, isRedrawn ? this.trans.__("Save the box") : this.trans.__("Confirm"));
    this.accept.disabled = this.reject.disabled = !canDecide;
    this.undo.disabled = !canDecide || !state.decisions[state.item];
    for (const one of this.steps) one.disabled = state.drafts.length < 2;
    press(this.mode, state.mode === "size");
    this.table.setAttribute("aria-expanded", String(state.table));
  }

  private readonly accept: HTMLButtonElement;
  private readonly reject: HTMLButtonElement;
  private readonly undo: HTMLButtonElement;
  private readonly mode: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
  private readonly steps: HTMLButtonElement[];
  private readonly others: HTMLElement;
}
