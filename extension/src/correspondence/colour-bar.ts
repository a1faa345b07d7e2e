import { colourHex, type ColourMapName } from "fovea/protocol";
import { element, setText } from "../dom";
import type { Translate } from "./speech";
import type { Answer } from "./query";
import type { ViewState } from "./state";

const STOPS = 24;

/** The scale of the heat-map: its ends, and a pointer at the value under the cursor or of the best match. */
export class ColourBar {
  readonly node: HTMLElement;

  constructor(private readonly trans: Translate) {
    this.node = element(
      "div",
      { class: "jp-FoveaCorrespondence-scale" },
      this.name,
      this.low,
      element("div", { class: "jp-FoveaCorrespondence-track" }, this.bar, this.needle),
      this.high,
      this.value,
    );
  }

  update(state: ViewState, answer: Answer | undefined, probed: number | undefined): void {
    this.node.hidden = !answer;
    if (!answer) return;
    const [min, max] = answer.range;
    const value = probed === undefined ? answer.score : answer.values[probed];
    this.paint(answer.colormap);
    setText(this.name, this.title(state));
    setText(this.low, `${clipped(answer, min) ? "≤ " : ""}${min.toFixed(2)}`);
    setText(this.high, max.toFixed(2));
    const label =
      probed === undefined ? this.trans.__("best %1", value.toFixed(2)) : this.trans.__("pointer %1", value.toFixed(2));
    setText(this.value, label);
    const part = Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
    this.needle.style.insetInlineStart = `${(100 * part).toFixed(2)}%`;
  }

  private title(state: ViewState): string {
    switch (state.similarity) {
      case "cosine":
        return this.trans.__("Cosine");
      case "centred":
        return this.trans.__("Centred cosine");
      case "softmax":
        return this.trans.__("Softmax, temperature %1", state.temperature);
      default:
        return state.similarity satisfies never;
    }
  }

  private paint(colormap: ColourMapName): void {
    if (colormap === this.painted) return;
    this.painted = colormap;
    const stops = Array.from({ length: STOPS + 1 }, (_, i) => colourHex(colormap, i / STOPS));
    this.bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  }

  private painted: ColourMapName | undefined;
  private readonly name = element("span", { class: "jp-FoveaCorrespondence-scaleName" });
  private readonly low = element("span");
  private readonly high = element("span");
  private readonly value = element("span", { class: "jp-FoveaCorrespondence-scaleValue" });
  private readonly bar = element("div", { class: "jp-FoveaCorrespondence-bar" });
  private readonly needle = element("div", { class: "jp-FoveaCorrespondence-needle" });
}

/** Does the heat-map show values below its scale as its lowest colour? */
function clipped(answer: Answer, min: number): boolean {
  return answer.values.some((value) => value < min);
}
