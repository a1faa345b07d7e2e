import { colorAt } from "fovea/protocol";
import { element, setText } from "../dom";
import { attentionText } from "./speech";

export interface ChipEvents {
  hover(word: number | undefined): void;
  click(word: number): void;
}

/** State of the chips. */
export interface ChipsShown {
  words: readonly string[];
  word: number | undefined;
  /** Attention of a patch to every word. */
  values?: Float32Array;
  /** Upper end of the bars. */
  end: number;
}

/** The words in reading order, each with a bar for the attention of the patch on screen. Worked by the stage's keys. */
export class WordChips {
  readonly node: HTMLElement = element("div", {
    class: "jp-FoveaGrounding-chips",
    attributes: { "aria-hidden": "true" },
  });

  constructor(private readonly events: ChipEvents) {
    this.node.addEventListener("pointerleave", () => events.hover(undefined));
  }

  update({ words, word, values, end }: ChipsShown): void {
    this.make(words);
    this.chips.forEach(({ node, bar, value }, i) => {
      const at = values?.[i];
      const part = at === undefined ? 0 : Math.min(1, at / (end || 1));
      node.classList.toggle("jp-mod-current", i === word);
      bar.style.width = `${(100 * part).toFixed(1)}%`;
      bar.style.background = `rgb(${colorAt("viridis", part).join(", ")})`;
      setText(value, at === undefined ? "" : attentionText(at));
    });
  }

  private make(words: readonly string[]): void {
    const key = JSON.stringify(words);
    if (key === this.key) return;
    this.key = key;
    this.chips = words.map((text, word) => {
      const bar = element("span", { class: "jp-FoveaGrounding-chipBar" });
      const value = element("span", { class: "jp-FoveaGrounding-chipValue" });
      const track = element("span", { class: "jp-FoveaGrounding-chipTrack" }, bar);
      const node = element("span", { class: "jp-FoveaGrounding-chip" }, element("span", { text }), value, track);
      node.addEventListener("pointerenter", () => this.events.hover(word));
      node.addEventListener("click", () => this.events.click(word));
      return { node, bar, value };
    });
    this.node.replaceChildren(...this.chips.map(({ node }) => node));
  }

  private key = "";
  private chips: { node: HTMLElement; bar: HTMLElement; value: HTMLElement }[] = [];
}
