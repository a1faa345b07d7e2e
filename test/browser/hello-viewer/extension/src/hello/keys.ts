import { Keys, helpRow } from "../parts/keys";
import type { Translate } from "../parts/translate";

export type HelloAction = { type: "greet" | "help" };

export function helloKeys(trans: Translate): Keys<HelloAction> {
  return new Keys<HelloAction>([
    { key: "g", action: { type: "greet" }, words: trans.__("Greet again") },
    helpRow(trans),
  ]);
}
