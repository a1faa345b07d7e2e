import { clamp, colorAt, type ColorMapName } from "fovea/protocol";
import { element, setText } from "../dom";
import { valueText } from "./speech";
import type { AlignmentAnswer } from "./values";

export interface ChipEvents {
  hover(token: number | undefined): void;
  click(token: number): void;
}

interface Chip {
  node: HTMLElement;
  bar: HTMLElement;
  value: HTMLElement;
}

/** The tokens in reading order, each with a bar for its value at the patch on screen. Worked by the stage's keys. */
export class Chips {
  readonly node: HTMLElement;

  constructor(labels: readonly string[], events: ChipEvents, signal: AbortSignal) {
    this.chips = labels.map(makeChip);
    this.node = element(
      "div",
      { class: "jp-FoveaAlignment-chips", attributes: { "aria-hidden": "true" } },
      ...this.chips.map(({ node }) => node),
    );
    this.chips.forEach(({ node }, token) => {
      node.addEventListener("pointerenter", () => events.hover(token), { signal });
      node.addEventListener("click", () => events.click(token), { signal });
    });
    this.node.addEventListener("pointerleave", () => events.hover(undefined), { signal });
  }

  update(answer: AlignmentAnswer, colormap: ColorMapName): void {
    const [low, high] = answer.range;
    this.chips.forEach(({ node, bar, value }, token) => {
      const at = answer.column[token];
      const part = clamp((at - low) / (high - low || 1), 0, 1);
      node.classList.toggle("jp-mod-current", token === answer.token);
      node.classList.toggle("jp-mod-best", token === answer.bestToken);
      bar.style.width = `${(100 * part).toFixed(1)}%`;
      bar.style.background = `rgb(${colorAt(colormap, part).join(", ")})`;
      setText(value, valueText(at));
    });
  }

  private readonly chips: Chip[];
}

function makeChip(label: string): Chip {
  const bar = element("span", { class: "jp-FoveaAlignment-chipBar" });
  const value = element("span", { class: "jp-FoveaAlignment-chipValue" });
  const track = element("span", { class: "jp-FoveaAlignment-chipTrack" }, bar);
  const name = element("span", { class: "jp-FoveaAlignment-chipName", text: label.trim() === "" ? "␣" : label });
  return { node: element("span", { class: "jp-FoveaAlignment-chip" }, name, track, value), bar, value };
}
