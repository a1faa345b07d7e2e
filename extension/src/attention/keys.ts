import { ARROWS, Keys, arrowStep, helpRow, type HelpAction } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type AttentionAction =
  | { type: "move"; dx: number; dy: number }
  | { type: "layer" | "head"; by: number }
  | { type: "class" | "mean" | "picture" | "reset" | "hide" | "grid" | "table" };

const FAR = 5;

export function attentionKeys(trans: Translate): Keys<AttentionAction | HelpAction> {
  return new Keys<AttentionAction | HelpAction>([
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "move", dx, dy };
      },
      words: trans.__("Move the query by one patch, with Shift by five"),
    },
    {
      key: ["[", "]"],
      action: ({ key }) => ({ type: "layer", by: key === "[" ? -1 : 1 }),
      words: trans.__("Layer before, layer after"),
    },
    {
      key: [",", "."],
      action: ({ key }) => ({ type: "head", by: key === "," ? -1 : 1 }),
      words: trans.__("Head before, head after"),
    },
    { key: "c", action: { type: "class" }, words: trans.__("The class token as the query, where there is one") },
    { key: "m", action: { type: "mean" }, words: trans.__("The mean over all patches as the query") },
    { key: "p", action: { type: "picture" }, words: trans.__("Next picture, where there are several") },
    { key: "g", action: { type: "grid" }, words: trans.__("Patch grid") },
    { key: "h", action: { type: "hide" }, words: trans.__("Hold to hide everything drawn over the picture") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as tables") },
    { key: "Escape", action: { type: "reset" }, words: trans.__("Back to the query shown first") },
    helpRow(trans),
    { name: trans.__("Hover"), words: trans.__("The patch under the pointer as the query") },
    { name: trans.__("Click"), words: trans.__("Keeps the patch; on a small picture, enlarges that head") },
  ]);
}
