import { ARROWS, arrowStep, type HelpAction, helpRow, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type ReviewAction =
  | { type: "nudge"; dx: number; dy: number }
  | { type: "item"; by: number }
  | { type: "accept" | "reject" | "undo" | "mode" | "reset" | "hide" | "table" };

const FAR = 10;

export function reviewKeys(trans: Translate): Keys<ReviewAction | HelpAction> {
  return new Keys<ReviewAction | HelpAction>([
    { key: "Enter", action: { type: "accept" }, words: trans.__("Save the box as it is on screen, and go on") },
    {
      key: ["x", "Delete"],
      name: "x",
      action: { type: "reject" },
      words: trans.__("Reject the prediction: it is no annotation"),
    },
    { key: "u", action: { type: "undo" }, words: trans.__("Take the decision back") },
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "nudge", dx, dy };
      },
      words: trans.__("Move the box by a pixel, with Shift by ten; or its right and lower edge"),
    },
    { key: "m", action: { type: "mode" }, words: trans.__("Let the arrows move the box, or change its size") },
    {
      key: ["p", "n"],
      action: ({ key }) => ({ type: "item", by: key === "p" ? -1 : 1 }),
      words: trans.__("Prediction before, prediction after"),
    },
    { key: "Escape", action: { type: "reset" }, words: trans.__("Take back what was drawn and not saved") },
    { key: "h", action: { type: "hide" }, words: trans.__("Hold to hide everything drawn over the picture") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as a table") },
    helpRow(trans),
    { name: trans.__("Drag"), words: trans.__("Draws a box; from inside moves it, from a corner changes its size") },
  ]);
}
