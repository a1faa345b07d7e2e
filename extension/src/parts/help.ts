import { element } from "../dom";

/** A list of keys and pointer actions, hidden at first. */
export function helpList(rows: readonly [keys: string, meaning: string][]): HTMLElement {
  const items = rows.flatMap(([keys, meaning]) => [element("dt", { text: keys }), element("dd", { text: meaning })]);
  return element("dl", { class: "jp-FoveaView-help", attributes: { hidden: "" } }, ...items);
}
