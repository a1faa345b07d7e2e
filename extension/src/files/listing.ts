import type { Translate } from "fovea/protocol";
import { element, freshId, setText } from "../dom";
import { dataTable } from "../parts/data-table";

/** Rows that a page draws at once. */
const MOST_ROWS = 500;

/** A column of a listing: its title and what it sorts by. */
export interface Column<T> {
  title: string;
  text(item: T): string;
  /** Default: the text. */
  order?(item: T): number;
}

/** A table that is filtered by words and sorted by its columns. */
export class Listing<T> {
  readonly node = element("div", { class: "jp-FoveaFile-listing" });
  private readonly input = element("input", { attributes: { type: "search", spellcheck: "false" } });
  private readonly count = element("p", { class: "jp-FoveaFile-count", attributes: { role: "status" } });
  private readonly place = element("div", { class: "jp-FoveaFile-table", attributes: { tabindex: "0" } });
  private sorted: { column: number; down: boolean } | null = null;

  constructor(
    private readonly trans: Translate,
    private readonly caption: string,
    private readonly items: readonly T[],
    private readonly columns: readonly Column<T>[],
    private readonly onPick: ((item: T) => void) | null = null,
  ) {
    this.input.id = freshId("filter");
    const label = element("label", { text: trans.__("Filter"), attributes: { for: this.input.id } });
    this.input.addEventListener("input", () => this.draw());
    this.place.setAttribute("aria-label", caption);
    this.node.append(element("div", { class: "jp-FoveaFile-filter" }, label, this.input, this.count), this.place);
    this.draw();
  }

  private draw(): void {
    const { columns } = this;
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.items.filter((item) => {
      const text = columns
        .map((column) => column.text(item))
        .join(" ")
        .toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const rows = this.inOrder(found).slice(0, MOST_ROWS);
    setText(this.count, this.countText(found.length, rows.length));
    const head = columns.map(({ title }) => title);
    const table = dataTable(
      this.caption,
      head,
      rows.map((item) => columns.map((column) => column.text(item))),
      0,
    );
    table.querySelectorAll("thead th").forEach((cell, i) => this.makeSortable(cell as HTMLElement, i));
    if (this.onPick) table.querySelectorAll("tbody th").forEach((cell, i) => this.makePickable(cell, rows[i]));
    this.place.replaceChildren(table);
  }

  private countText(found: number, shown: number): string {
    const { trans, items } = this;
    const count = found === items.length ? trans.__("%1 rows", found) : trans.__("%1 of %2 rows", found, items.length);
    return shown < found ? `${count}, ${trans.__("the first %1 are shown", shown)}` : count;
  }

  private inOrder(items: readonly T[]): readonly T[] {
    if (!this.sorted) return items;
    const { column, down } = this.sorted;
    const { text, order } = this.columns[column];
    const compare = order ? (a: T, b: T) => order(a) - order(b) : (a: T, b: T) => text(a).localeCompare(text(b), "en");
    return [...items].sort((a, b) => (down ? compare(b, a) : compare(a, b)));
  }

  private makeSortable(cell: HTMLElement, column: number): void {
    const isSorted = this.sorted?.column === column;
    if (isSorted) cell.setAttribute("aria-sort", this.sorted?.down ? "descending" : "ascending");
    const button = element("button", { text: cell.textContent ?? "", attributes: { type: "button" } });
    button.addEventListener("click", () => {
      this.sorted = { column, down: isSorted ? !this.sorted?.down : this.columns[column].order !== undefined };
      this.draw();
      this.place.querySelectorAll<HTMLElement>("thead button")[column].focus();
    });
    cell.replaceChildren(button);
  }

  private makePickable(cell: Element, item: T): void {
    const button = element("button", { text: cell.textContent ?? "", attributes: { type: "button" } });
    button.addEventListener("click", () => this.onPick?.(item));
    cell.replaceChildren(button);
  }
}
