import { helpList } from "../parts/help";
import type { Translate } from "../parts/translate";

/** The list of keys and pointer actions, hidden at first. */
export function correspondenceHelp(trans: Translate): HTMLElement {
  return helpList([
    [trans.__("Arrows"), trans.__("Move the query by one patch, with Shift by five")],
    ["Enter", trans.__("Pin the query")],
    ["Delete", trans.__("Remove the selected pin")],
    ["Esc", trans.__("Close this list; then show the query of the arrows instead of a pin's")],
    ["[ ]", trans.__("Layer before, layer after")],
    ["r", trans.__("Query from the other image")],
    ["g", trans.__("Patch grid")],
    ["h", trans.__("Hold to hide everything drawn over the images")],
    ["?", trans.__("Show or hide this list")],
    [trans.__("Hover"), trans.__("Preview; over the heat-map, read its value")],
    [trans.__("Click"), trans.__("Pin; with Shift, add a pin; with Alt on the other image, query in reverse")],
  ]);
}
