import { element } from "../dom";

/** Region for the tables of a view, hidden at first; it takes the focus, so that keys scroll it. */
export function tablesRegion(label: string): HTMLElement {
  const attributes = { tabindex: "0", role: "region", "aria-label": label };
  const node = element("div", { class: "jp-FoveaView-tables", attributes });
  node.hidden = true;
  return node;
}

/** A table of texts; the column `header` names the row. */
export function dataTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  header: number,
): HTMLTableElement {
  const names = head.map((text, i) =>
    element("th", { text, class: i === header ? "jp-mod-name" : "", attributes: { scope: "col" } }),
  );
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      ...cells.map((text, i) =>
        i === header ? element("th", { text, attributes: { scope: "row" } }) : element("td", { text }),
      ),
    ),
  );
  return element(
    "table",
    { class: "jp-FoveaView-table" },
    element("caption", { text: caption }),
    element("thead", {}, element("tr", {}, ...names)),
    element("tbody", {}, ...body),
  );
}
