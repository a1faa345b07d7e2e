import { ARROWS, Keys, arrowStep, helpRow, type HelpAction } from "../parts/keys";
import type { Translate } from "../parts/translate";

/** A wish of the reader, by key or button. */
export type GalleryAction =
  | { type: "move"; dx: number; dy: number }
  | { type: "ends"; last: boolean }
  | { type: "follow"; neighbor: number }
  | { type: "patch" | "back" | "leave" | "table" };

const FAR = 5;

export function galleryKeys(trans: Translate): Keys<GalleryAction | HelpAction> {
  return new Keys<GalleryAction | HelpAction>([
    {
      key: ARROWS,
      name: trans.__("Arrows"),
      action: (event) => {
        const [dx, dy] = arrowStep(event, FAR);
        return { type: "move", dx, dy };
      },
      words: trans.__("Move over the pictures, or over the patches of one; with Shift by five"),
    },
    {
      key: ["Home", "End"],
      action: ({ key }) => ({ type: "ends", last: key === "End" }),
      words: trans.__("First and last picture"),
    },
    {
      key: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
      name: "1–9",
      action: ({ key }) => ({ type: "follow", neighbor: Number(key) - 1 }),
      words: trans.__("Go to this neighbor"),
    },
    { key: ["Backspace", "b"], name: "b", action: { type: "back" }, words: trans.__("Back to the picture before") },
    { key: "p", action: { type: "patch" }, words: trans.__("Ask with one patch of the picture, or with all of it") },
    { key: "Escape", action: { type: "leave" }, words: trans.__("Ask with the whole picture again") },
    { key: "t", action: { type: "table" }, words: trans.__("The neighbors as a table") },
    helpRow(trans),
    { name: trans.__("Hover"), words: trans.__("On the map, shows the picture under the pointer") },
    { name: trans.__("Click"), words: trans.__("Asks with a picture; on the large one, with a patch") },
  ]);
}
