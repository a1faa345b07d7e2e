import { element, freshId, setText } from "../dom";

/** The lines of words under a view: the focus, the computation, its origin, and problems. */
export class Lines {
  /** Also the live region: `aria-live` follows the device last used. */
  readonly live: HTMLElement = element("p", {
    class: "jp-FoveaView-live",
    attributes: { id: freshId("live"), "aria-live": "polite", "aria-atomic": "true" },
  });
  readonly caption: HTMLElement = element("p", { class: "jp-FoveaView-caption" });
  readonly warning: HTMLElement = element("p", { class: "jp-FoveaView-warning", attributes: { hidden: "" } });
  readonly status: HTMLElement = element("p", { class: "jp-FoveaView-status", attributes: { role: "status" } });
  readonly problem: HTMLElement = element("p", {
    class: "jp-FoveaView-problem",
    attributes: { role: "alert", hidden: "" },
  });

  /** A screen reader must not read everything that the pointer crosses. */
  used(device: "pointer" | "keyboard"): void {
    this.live.setAttribute("aria-live", device === "pointer" ? "off" : "polite");
  }

  /** Texts of the focus and of the computation, as an exported picture shows them. */
  words(): string[] {
    return [this.live, this.caption].map((line) => line.textContent ?? "");
  }

  setWarning(text: string): void {
    setText(this.warning, text);
    this.warning.hidden = text === "";
  }

  setProblem(text: string): void {
    setText(this.problem, text);
    this.problem.hidden = text === "";
  }
}
