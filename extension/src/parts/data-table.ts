import { element } from "../dom";

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
