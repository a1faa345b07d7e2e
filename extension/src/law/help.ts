import { helpList } from "../parts/help";
import type { Translate } from "../parts/translate";

export function lawHelp(trans: Translate): HTMLElement {
  return helpList([
    [trans.__("Arrows"), trans.__("Next and previous encoder, with Shift by five")],
    ["Enter", trans.__("Select the encoder in every panel, or let go of it")],
    ["Esc", trans.__("Select none")],
    ["[ ]", trans.__("Benchmark before, benchmark after")],
    ["d", trans.__("Degree 1 or 2")],
    ["l", trans.__("Predictions of fits without the encoder")],
    ["r", trans.__("Residuals: lines to the diagonal")],
    ["t", trans.__("The same as tables")],
    ["?", trans.__("Show or hide this list")],
    [trans.__("Hover"), trans.__("Names the encoder and shows it in every panel")],
    [trans.__("Click"), trans.__("Selects it")],
  ]);
}
