import { ARROWS, Keys, arrowStep, helpRow, type HelpAction } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type AlignmentAction =
  | { type: "move"; dx: number; dy: number }
  | { type: "token"; by: number }
  | { type: "best-patch" | "best-token" | "reset" | "normalize" | "hide" | "table" };

const FAR = 5;

export function alignmentKeys(trans: Translate): Keys<AlignmentAction | HelpAction> {
  return new Keys<AlignmentAction | HelpAction>([
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "move", dx, dy };
      },
      words: trans.__("Move the patch by one, with Shift by five"),
    },
    {
      key: ["[", "]"],
      action: ({ key }) => ({ type: "token", by: key === "[" ? -1 : 1 }),
      words: trans.__("Token before, token after"),
    },
    { key: "Enter", action: { type: "best-patch" }, words: trans.__("Go to the token's best patch") },
    { key: "b", action: { type: "best-token" }, words: trans.__("Go to the patch's best token") },
    { key: "n", action: { type: "normalize" }, words: trans.__("Next normalization") },
    { key: "h", action: { type: "hide" }, words: trans.__("Hold to hide everything drawn over the image") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as a table") },
    { key: "Escape", action: { type: "reset" }, words: trans.__("Back to the token shown first") },
    helpRow(trans),
    { name: trans.__("Hover"), words: trans.__("A token shows its patches; a patch shows its bar on every token") },
    { name: trans.__("Click"), words: trans.__("Keeps the token or the patch") },
  ]);
}
