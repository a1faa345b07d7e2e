import { element } from "../dom";
import type { PageColours } from "./figure";

/** The colour at a fifth of its strength. Plotly reads `rgba()`, not the `color-mix()` that would say this in CSS. */
function faint(node: HTMLElement, colour: string): string {
  const probe = node.appendChild(element("span"));
  probe.style.color = colour;
  const parts = getComputedStyle(probe)
    .color.match(/[\d.]+/g)
    ?.slice(0, 3) ?? ["128", "128", "128"];
  probe.remove();
  return `rgba(${parts.join(", ")}, 0.2)`;
}

/** The colours of the page around a node. */
export function pageColours(node: HTMLElement): PageColours {
  const style = getComputedStyle(node);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: colour("--jp-ui-font-color1"),
    line: faint(node, colour("--jp-ui-font-color1")),
    paper: colour("--jp-layout-color0"),
  };
}
