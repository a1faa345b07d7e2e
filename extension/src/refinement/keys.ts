import { ARROWS, arrowStep, type HelpAction, helpRow, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type RefinementAction =
  | { type: "arrow"; dx: number; dy: number }
  | { type: "stage"; by: number }
  | { type: "picture"; by: number }
  | { type: "pin" | "release" | "words" | "table" };

const FAR = 5;

export function refinementKeys(trans: Translate): Keys<RefinementAction | HelpAction> {
  return new Keys<RefinementAction | HelpAction>([
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "arrow", dx, dy };
      },
      words: trans.__("Move over the tokens of the picture, with Shift by five"),
    },
    {
      key: ["[", "]"],
      action: ({ key }) => ({ type: "stage", by: key === "[" ? -1 : 1 }),
      words: trans.__("Stage before, stage after"),
    },
    {
      key: ["p", "P"],
      name: "p P",
      action: ({ key }) => ({ type: "picture", by: key === "P" ? -1 : 1 }),
      words: trans.__("Next picture, with Shift the one before"),
    },
    {
      key: "Enter",
      action: { type: "pin" },
      words: trans.__("Keep the token while the pointer moves, or let go of it"),
    },
    { key: "Escape", action: { type: "release" }, words: trans.__("Let go of the token") },
    { key: "w", action: { type: "words" }, words: trans.__("Names of the words") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as tables") },
    helpRow(trans),
    { name: trans.__("Hover"), words: trans.__("Shows the token in its picture, with its way through the stages") },
    { name: trans.__("Click"), words: trans.__("Keeps it") },
  ]);
}
