import { helpList } from "../parts/help";
import type { Translate } from "../parts/translate";

export function trainingHelp(trans: Translate): HTMLElement {
  return helpList([
    [trans.__("Left, right"), trans.__("Read the curves update by update, with Shift by ten")],
    ["Home, End", trans.__("First and last update")],
    ["Esc", trans.__("Read no update")],
    ["p", trans.__("Pause the training, or let it go on")],
    ["[ ]", trans.__("Chart beside the loss: the one before, the next")],
    [", .", trans.__("Pictures of the evaluation before, of the next")],
    ["l", trans.__("Logarithmic scale")],
    ["s", trans.__("Smoothed curves over the measured ones")],
    ["r", trans.__("Next run, where there are several")],
    ["t", trans.__("The same as tables")],
    ["?", trans.__("Show or hide this list")],
  ]);
}
