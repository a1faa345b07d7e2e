import { ARROWS, Keys, arrowStep, helpRow, type HelpAction } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type Action =
  | { type: "move"; dx: number; dy: number }
  | { type: "layer" | "zoom"; by: number }
  | { type: "swap" | "components" | "strip" | "target" | "token" }
  | { type: "pin" | "remove" | "clear" | "grid" | "reverse" | "hide" | "close" };

const FAR = 5;

export function correspondenceKeys(trans: Translate): Keys<Action | HelpAction> {
  return new Keys<Action | HelpAction>([
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "move", dx, dy };
      },
      words: trans.__("Move the query by one patch, with Shift by five"),
    },
    { key: "Enter", action: { type: "pin" }, words: trans.__("Pin the query") },
    { key: ["Delete", "Backspace"], action: { type: "remove" }, words: trans.__("Remove the selected pin") },
    {
      key: "Escape",
      action: { type: "close" },
      words: trans.__("Close this list; then show the query of the arrows instead of a pin's, which stays"),
    },
    {
      key: ["[", "]"],
      action: ({ key }) => ({ type: "layer", by: key === "[" ? -1 : 1 }),
      words: trans.__("Layer before, layer after"),
    },
    { key: "s", action: { type: "strip" }, words: trans.__("The query at every layer, side by side") },
    {
      key: "c",
      action: { type: "token" },
      words: trans.__("Query by the class token, register tokens, then the patch again"),
    },
    { key: "t", action: { type: "target" }, words: trans.__("Speak of the next target") },
    { key: "x", action: { type: "swap" }, words: trans.__("Swap the sides; queries begin on the left") },
    { key: "r", action: { type: "reverse" }, words: trans.__("Query from the other image") },
    {
      key: "p",
      action: { type: "components" },
      words: trans.__("Features as colors in place of the images: their first three principal components"),
    },
    {
      key: ["+", "=", "-", "0"],
      name: "+ - 0",
      action: ({ key }) => ({ type: "zoom", by: key === "0" ? 0 : key === "-" ? -1 : 1 }),
      words: trans.__("Magnify all images about the query, shrink, show them whole"),
    },
    { key: "g", action: { type: "grid" }, words: trans.__("Patch grid") },
    { key: "h", action: { type: "hide" }, words: trans.__("Hold to hide everything drawn over the images") },
    helpRow(trans),
    { name: trans.__("Clear pins"), action: { type: "clear" }, words: trans.__("Remove all pins") },
    { name: trans.__("Ctrl+Wheel"), words: trans.__("Magnify all images at the pointer; drag to move them") },
    { name: trans.__("Hover"), words: trans.__("Preview; over the heat-map, read its value") },
    {
      name: trans.__("Click"),
      words: trans.__("Pin; with Shift, add a pin; with Alt on the other image, query in reverse"),
    },
  ]);
}
