/** Text form of a widget, for notebooks without its front end and for `console.log`. */
import { describeValue } from "../rules/rule-error";
import { isModel } from "./live";

const LONGEST = 1000;

/** Formats state as `IntSlider(value: 40, description: "Threshold")`, with the values that differ from the kind's. */
export function stateInWords(values: ReadonlyMap<string, unknown>, kinds: Record<string, unknown>): string {
  const shown = [...values].filter(
    ([key, value]) => value !== null && value !== kinds[key] && !/^_|^(layout|style)$/.test(key),
  );
  const parts = shown.map(([key, value]) => `${key}: ${inWords(value)}`).join(", ");
  const name = String(values.get("_model_name")).replace("AnyModel", "anywidget");
  return `${name.replace(/Model$/, "")}(${parts.length > LONGEST ? `${parts.slice(0, LONGEST)}…` : parts})`;
}

function inWords(value: unknown): string {
  if (isModel(value)) return String(value);
  if (Array.isArray(value) && value.some(isModel)) return `[${value.map(inWords).join(", ")}]`;
  return describeValue(value);
}
