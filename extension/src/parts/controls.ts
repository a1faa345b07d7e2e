import { COLOR_MAPS } from "fovea/protocol";
import { element } from "../dom";
import type { Choice } from "./fields";
import type { Translate } from "./translate";

/** The row of a view's controls: its fields, then its buttons. */
export function controlRow(
  trans: Translate,
  fields: readonly HTMLElement[],
  buttons: readonly HTMLElement[],
): HTMLElement {
  const attributes = { role: "group", "aria-label": trans.__("View settings") };
  const last = element("div", { class: "jp-FoveaView-buttons" }, ...buttons);
  return element("div", { class: "jp-FoveaView-controls", attributes }, ...fields, last);
}

/** Color maps for values of one sign. */
export const colorChoices = (): Choice[] =>
  COLOR_MAPS.filter((name) => name !== "coolwarm").map((value) => ({ value, label: value }));

/** Ends of a color scale. */
export const scaleChoices = (trans: Translate): Choice[] => [
  { value: "absolute", label: trans.__("Absolute") },
  { value: "view", label: trans.__("This view") },
];

const TEMPERATURES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/** Temperatures of a softmax, that of the view among them. */
export function temperatureChoices(own: number): Choice[] {
  const values = [...new Set([...TEMPERATURES, own])].sort((a, b) => a - b);
  return values.map((value) => ({ value: String(value), label: String(value) }));
}
