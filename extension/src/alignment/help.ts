import { helpList } from "../parts/help";
import type { Translate } from "../parts/translate";

export function alignmentHelp(trans: Translate): HTMLElement {
  return helpList([
    [trans.__("Arrows"), trans.__("Move the patch by one, with Shift by five")],
    ["[ ]", trans.__("Token before, token after")],
    ["Enter", trans.__("Go to the token's best patch")],
    ["b", trans.__("Go to the patch's best token")],
    ["n", trans.__("Next normalisation")],
    ["h", trans.__("Hold to hide everything drawn over the image")],
    ["t", trans.__("The same as a table")],
    ["Esc", trans.__("Back to the token shown first")],
    ["?", trans.__("Show or hide this list")],
    [trans.__("Hover"), trans.__("A token shows its patches; a patch shows its bar on every token")],
    [trans.__("Click"), trans.__("Keeps the token or the patch")],
  ]);
}
