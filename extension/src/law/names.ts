import { shortNames } from "fovea/protocol";
import { element } from "../dom";
import type { PanelEvents } from "../plots/panel";
import { activeEncoder, type LawState } from "./state";

/** Characters that the list has room for. */
const MOST = 40;

/** The encoders with their numbers. Worked by the stage's keys, or by the pointer. */
export class EncoderNames {
  readonly node: HTMLElement;

  constructor(encoders: readonly string[], events: PanelEvents, signal: AbortSignal) {
    const short = shortNames(encoders, MOST);
    this.items = encoders.map((name, i) =>
      element(
        "li",
        { class: "jp-FoveaView-choice" },
        element("b", { text: String(i + 1) }),
        element("span", { text: short[i], attributes: { title: name } }),
      ),
    );
    this.node = element("ol", { class: "jp-FoveaLaw-names", attributes: { "aria-hidden": "true" } }, ...this.items);
    this.items.forEach((item, i) => {
      item.addEventListener("pointerenter", () => events.hover(i), { signal });
      item.addEventListener("click", () => events.click(i), { signal });
    });
    this.node.addEventListener("pointerleave", () => events.hover(undefined), { signal });
  }

  update(state: LawState): void {
    const active = activeEncoder(state);
    this.items.forEach((item, i) => {
      item.classList.toggle("jp-mod-selected", i === state.selected);
      item.classList.toggle("jp-mod-active", i === active);
    });
  }

  private readonly items: HTMLElement[];
}
