import { Keys, helpRow, type HelpAction } from "../parts/keys";
import type { Translate } from "../parts/translate";

export type HelloAction = { type: "greet" };

export function helloKeys(trans: Translate): Keys<HelloAction | HelpAction> {
  return new Keys<HelloAction | HelpAction>([
    { key: "g", action: { type: "greet" }, words: trans.__("Greet again") },
    helpRow(trans),
  ]);
}
