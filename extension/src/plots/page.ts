import { element } from "../dom";
import type { PageColors } from "./figure";

/** The colour at a fifth of its strength. Plotly reads `rgba()`, not the `color-mix()` that would say this in CSS. */
function faint(node: HTMLElement, color: string): string {
  const probe = node.appendChild(element("span"));
  probe.style.color = color;
  const parts = getComputedStyle(probe)
    .color.match(/[\d.]+/g)
    ?.slice(0, 3) ?? ["128", "128", "128"];
  probe.remove();
  return `rgba(${parts.join(", ")}, 0.2)`;
}

/** The colours of the page around a node. */
export function pageColors(node: HTMLElement): PageColors {
  const style = getComputedStyle(node);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: color("--jp-ui-font-color1"),
    line: faint(node, color("--jp-ui-font-color1")),
    paper: color("--jp-layout-color0"),
  };
}
