import { showPopup, type Popup } from "@jupyterlab/statusbar";
import { Signal, type ISignal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import { memoryText, statusRows, timeText, type DeviceStatus } from "fovea/protocol";
import { element, freshId, setText } from "../dom";
import type { Translate } from "../parts/translate";

/** The item of the status bar: one line, and a panel with the rest on a click. */
export class StatusItem extends Widget {
  constructor(private readonly trans: Translate) {
    super();
    this.addClass("jp-FoveaStatus");
    this.button = element("button", {
      class: "jp-FoveaStatus-button",
      attributes: { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false" },
    });
    this.button.title = trans.__("What Fovea computes with");
    this.button.addEventListener("click", () => this.toggle());
    this.node.append(this.button);
  }

  get shown(): boolean {
    return this.status !== undefined;
  }

  get shownChanged(): ISignal<this, void> {
    return this.shownSignal;
  }

  /** Shows a status, or nothing at all. An open panel follows. */
  setStatus(status?: DeviceStatus): void {
    const was = this.shown;
    this.status = status;
    if (status) setText(this.button, this.line(status));
    if (!status) this.popup?.dispose();
    else if (this.panel) this.fill(this.panel, status);
    if (was !== this.shown) this.shownSignal.emit();
  }

  override dispose(): void {
    this.popup?.dispose();
    super.dispose();
  }

  private line({ device, rssBytes, lastRunMs }: DeviceStatus): string {
    return this.trans.__("Fovea: %1 · %2 · %3", device, memoryText(rssBytes), timeText(lastRunMs));
  }

  private toggle(): void {
    if (this.popup) return this.popup.dispose();
    if (this.status) this.open(this.status);
  }

  private open(status: DeviceStatus): void {
    const heading = element("h2", { class: "jp-FoveaStatus-title", text: this.trans.__("Fovea computes with") });
    heading.id = freshId("status");
    const rows = element("dl", { class: "jp-FoveaStatus-rows" });
    const body = new Widget({ node: element("div", { class: "jp-FoveaStatus-panel" }, heading, rows) });
    body.node.setAttribute("role", "dialog");
    body.node.setAttribute("aria-labelledby", heading.id);
    body.node.tabIndex = -1;
    this.panel = rows;
    this.fill(rows, status);
    this.popup = showPopup({ body, anchor: this, align: "right", hasDynamicSize: true });
    this.button.setAttribute("aria-expanded", "true");
    this.popup.disposed.connect(() => this.closed());
    body.node.addEventListener("keydown", (event) => event.key === "Escape" && this.popup?.dispose());
    body.node.focus();
  }

  private closed(): void {
    this.popup = undefined;
    this.panel = undefined;
    this.button.setAttribute("aria-expanded", "false");
    if (this.isAttached) this.button.focus();
  }

  private fill(list: HTMLElement, status: DeviceStatus): void {
    const rows = statusRows(status, this.trans).flatMap(([name, value]) => [
      element("dt", { text: name }),
      element("dd", { text: value }),
    ]);
    list.replaceChildren(...rows);
  }

  private readonly button: HTMLButtonElement;
  private status: DeviceStatus | undefined;
  private popup: Popup | undefined;
  private panel: HTMLElement | undefined;
  private readonly shownSignal = new Signal<this, void>(this);
}
