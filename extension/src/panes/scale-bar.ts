import { clamp, colorHex, type ColorMapName } from "fovea/protocol";
import { element, setText } from "../dom";

/** Content of a colour bar. */
export interface Scale {
  title: string;
  colormap: ColorMapName;
  range: readonly [min: number, max: number];
  /** Some values lie below the scale and show as its lowest colour. */
  clipped: boolean;
  /** The needle's place. */
  value: number;
  /** Description of the value under the needle. */
  label: string;
}

const STOPS = 24;

/** The scale of a heat-map: its ends, and a needle at one value. */
export class ScaleBar {
  readonly node: HTMLElement;

  constructor() {
    this.node = element(
      "div",
      { class: "jp-FoveaView-scale" },
      this.name,
      this.low,
      element("div", { class: "jp-FoveaView-track" }, this.bar, this.needle),
      this.high,
      this.value,
    );
  }

  /** Shows a scale, or nothing. */
  show(scale: Scale | undefined): void {
    this.node.hidden = !scale;
    if (!scale) return;
    const [min, max] = scale.range;
    this.paint(scale.colormap);
    setText(this.name, scale.title);
    setText(this.low, `${scale.clipped ? "≤ " : ""}${endText(min)}`);
    setText(this.high, endText(max));
    setText(this.value, scale.label);
    const part = clamp((scale.value - min) / (max - min || 1), 0, 1);
    this.needle.style.insetInlineStart = `${(100 * part).toFixed(2)}%`;
  }

  private paint(colormap: ColorMapName): void {
    if (colormap === this.painted) return;
    this.painted = colormap;
    const stops = Array.from({ length: STOPS + 1 }, (_, i) => colorHex(colormap, i / STOPS));
    this.bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  }

  private painted: ColorMapName | undefined;
  private readonly name = element("span", { class: "jp-FoveaView-scaleName" });
  private readonly low = element("span");
  private readonly high = element("span");
  private readonly value = element("span", { class: "jp-FoveaView-scaleValue" });
  private readonly bar = element("div", { class: "jp-FoveaView-bar" });
  private readonly needle = element("div", { class: "jp-FoveaView-needle" });
}

/** Two digits; small ends, as of a softmax over many, get two that count. */
function endText(value: number): string {
  return value === 0 || Math.abs(value) >= 0.095 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
}
