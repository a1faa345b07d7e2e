import { ARROWS, arrowStep, type HelpAction, helpRow, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type AtlasAction =
  | { type: "arrow"; dx: number; dy: number }
  | { type: "task"; by: number }
  | { type: "toggle"; expert: number }
  | { type: "reset" | "gains" | "table" };

const FAR = 5;

export function atlasKeys(trans: Translate): Keys<AtlasAction | HelpAction> {
  return new Keys<AtlasAction | HelpAction>([
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "arrow", dx: Math.sign(dx), dy };
      },
      words: trans.__(
        "Left and right choose stem or teacher, up and down change its weight by 5 %, with Shift by 25 %",
      ),
    },
    {
      key: ["[", "]"],
      action: ({ key }) => ({ type: "task", by: key === "[" ? -1 : 1 }),
      words: trans.__("Task before, task after"),
    },
    {
      key: ["1", "2", "3", "4", "5", "6", "7", "8"],
      name: "1–8",
      action: ({ key }) => ({ type: "toggle", expert: Number(key) }),
      words: trans.__("Switch this teacher off or on"),
    },
    {
      key: ["r", "Escape"],
      name: "r",
      action: { type: "reset" },
      words: trans.__("Leave the weights to the routers again"),
    },
    { key: "g", action: { type: "gains" }, words: trans.__("Gains of a probe in place of the maps") },
    { key: "t", action: { type: "table" }, words: trans.__("The same as a table") },
    helpRow(trans),
    { name: trans.__("Drag"), words: trans.__("Moves the point between stem and teachers") },
  ]);
}
