import { most, numberText, type Translate } from "fovea/protocol";
import { element } from "../dom";
import type { Summary } from "./values";

const WIDTH = 320;
const HEIGHT = 80;
const NAMESPACE = "http://www.w3.org/2000/svg";

/** A tensor's summary in words over the histogram of its values. */
export function histogram(trans: Translate, name: string, size: number, summary: Summary): HTMLElement {
  const { read, min, max, mean, deviation, zeros, broken } = summary;
  const words = [
    read < size
      ? trans.__("the first %1 of %2 values", read.toLocaleString("en"), size.toLocaleString("en"))
      : trans.__("%1 values", size.toLocaleString("en")),
    trans.__("from %1 to %2", numberText(min), numberText(max)),
    trans.__("mean %1", numberText(mean)),
    trans.__("standard deviation %1", numberText(deviation)),
    trans.__("%1 zeros", zeros.toLocaleString("en")),
  ];
  if (broken) words.push(trans.__("%1 not finite", broken.toLocaleString("en")));
  return element(
    "figure",
    { class: "jp-FoveaFile-values" },
    element("figcaption", {}, element("strong", { text: name }), element("span", { text: words.join(" · ") })),
    bars(trans.__("Histogram of %1", name), summary),
    element(
      "div",
      { class: "jp-FoveaFile-range" },
      element("span", { text: numberText(min) }),
      element("span", { text: numberText(max) }),
    ),
  );
}

function bars(label: string, { bins }: Summary): SVGSVGElement {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const tallest = Math.max(1, most(bins));
  const width = WIDTH / bins.length;
  for (const [i, count] of bins.entries()) {
    const bar = document.createElementNS(NAMESPACE, "rect");
    const height = (count / tallest) * HEIGHT;
    bar.setAttribute("x", String(i * width + 0.5));
    bar.setAttribute("y", String(HEIGHT - height));
    bar.setAttribute("width", String(width - 1));
    bar.setAttribute("height", String(height));
    svg.append(bar);
  }
  return svg;
}
