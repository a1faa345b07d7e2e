import { ARROWS, Keys, arrowStep, helpRow, type HelpAction } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type LawAction =
  | { type: "move"; by: number }
  | { type: "benchmark"; by: number }
  | { type: "select" | "clear" | "degree" | "leave-one-out" | "residuals" | "table" };

const FAR = 5;

export function lawKeys(trans: Translate): Keys<LawAction | HelpAction> {
  return new Keys<LawAction | HelpAction>([
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "move", by: dx + dy };
      },
      words: trans.__("Next and previous encoder, with Shift by five"),
    },
    { key: "Enter", action: { type: "select" }, words: trans.__("Select the encoder in every panel, or let go of it") },
    { key: "Escape", action: { type: "clear" }, words: trans.__("Select none") },
    {
      key: ["[", "]"],
      action: ({ key }) => ({ type: "benchmark", by: key === "[" ? -1 : 1 }),
      words: trans.__("Benchmark before, benchmark after"),
    },
    { key: "d", action: { type: "degree" }, words: trans.__("Degree 1 or 2") },
    { key: "l", action: { type: "leave-one-out" }, words: trans.__("Predict each encoder by a fit without it") },
    { key: "r", action: { type: "residuals" }, words: trans.__("Residuals: lines to the diagonal") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as a table") },
    helpRow(trans),
    { name: trans.__("Hover"), words: trans.__("Names the encoder and shows it in every panel") },
    { name: trans.__("Click"), words: trans.__("Selects it") },
  ]);
}
