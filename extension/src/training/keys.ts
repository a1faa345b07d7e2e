import { Keys, arrowStep, helpRow, type HelpAction } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type TrainingAction =
  | { type: "cursor" | "chart" | "evaluation"; by: number }
  | { type: "pause" | "stop" | "run" | "log" | "smooth" | "table" | "clear" };

const FAR = 10;

export function trainingKeys(trans: Translate): Keys<TrainingAction | HelpAction> {
  return new Keys<TrainingAction | HelpAction>([
    {
      key: ["ArrowLeft", "ArrowRight"],
      name: trans.__("Left, right"),
      action: (event) => ({ type: "cursor", by: arrowStep(event, FAR)[0] }),
      words: trans.__("Read the curves update by update, with Shift by ten"),
    },
    {
      key: ["Home", "End"],
      action: ({ key }) => ({ type: "cursor", by: key === "Home" ? -Infinity : Infinity }),
      words: trans.__("First and last update"),
    },
    { key: "Escape", action: { type: "clear" }, words: trans.__("Read no update") },
    { key: "p", action: { type: "pause" }, words: trans.__("Pause the training, or let it go on") },
    {
      key: ["[", "]"],
      action: ({ key }) => ({ type: "chart", by: key === "[" ? -1 : 1 }),
      words: trans.__("Chart beside the loss: the one before, the next"),
    },
    {
      key: [",", "."],
      action: ({ key }) => ({ type: "evaluation", by: key === "," ? -1 : 1 }),
      words: trans.__("Pictures of the evaluation before, of the next"),
    },
    { key: "l", action: { type: "log" }, words: trans.__("Logarithmic scale") },
    { key: "s", action: { type: "smooth" }, words: trans.__("Smoothed curves over the measured ones") },
    { key: "r", action: { type: "run" }, words: trans.__("Next run, where there are several") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as tables") },
    helpRow(trans),
  ]);
}
