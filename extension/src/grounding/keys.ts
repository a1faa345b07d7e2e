import { ARROWS, arrowStep, type HelpAction, helpRow, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type GroundingAction =
  | { type: "move"; dx: number; dy: number }
  | { type: "word" | "layer" | "phrase" | "threshold" | "epoch"; by: number }
  | { type: "write" | "reset" | "hide" | "table" | "replay" };

const FAR = 5;

export function groundingKeys(trans: Translate): Keys<GroundingAction | HelpAction> {
  const pair = (type: "word" | "layer" | "phrase" | "epoch", keys: [string, string], words: string) => ({
    key: keys,
    action: ({ key }: { key: string }): GroundingAction => ({ type, by: key === keys[0] ? -1 : 1 }),
    words,
  });
  return new Keys<GroundingAction | HelpAction>([
    { key: "/", action: { type: "write" }, words: trans.__("Write a phrase; Esc in the field comes back") },
    pair("phrase", ["p", "n"], trans.__("Phrase of the list before, after")),
    pair("word", [",", "."], trans.__("Word before, word after: the patches that it attends to")),
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "move", dx, dy };
      },
      words: trans.__("Move the patch by one, with Shift by five: the words that it attends to"),
    },
    pair("layer", ["[", "]"], trans.__("Layer before, layer after; the mean over all comes before the first")),
    {
      key: ["-", "+", "="],
      name: "- +",
      action: ({ key }) => ({ type: "threshold", by: key === "-" ? -0.05 : 0.05 }),
      words: trans.__("Lower or raise the threshold of the score, where there are several boxes"),
    },
    { key: "r", action: { type: "replay" }, words: trans.__("Replay of the training, where there is one") },
    pair("epoch", ["<", ">"], trans.__("Epoch before, epoch after")),
    { key: "h", action: { type: "hide" }, words: trans.__("Hold to hide everything drawn over the picture") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as tables") },
    { key: "Escape", action: { type: "reset" }, words: trans.__("Let go of word, patch and replay") },
    helpRow(trans),
    { name: trans.__("Hover"), words: trans.__("A word shows its patches; a patch shows its bar on every word") },
    { name: trans.__("Click"), words: trans.__("Keeps the word or the patch") },
  ]);
}
