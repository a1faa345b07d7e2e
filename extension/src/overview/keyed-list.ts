import { element } from "../dom";

/** A row that stays while its item does, so that focus and open cards outlive an update. */
export interface Row<T> {
  readonly node: HTMLElement;
  update(item: T): void;
}

/** A list whose rows follow their items by key. */
export class KeyedList<T> {
  readonly node = element("ul", { class: "jp-FoveaOverview-list" });
  private rows = new Map<string, Row<T>>();

  constructor(
    private readonly keyOf: (item: T) => string,
    private readonly make: (item: T) => Row<T>,
  ) {}

  show(items: readonly T[]): void {
    const rows = new Map<string, Row<T>>();
    for (const item of items) {
      const key = this.keyOf(item);
      const row = this.rows.get(key) ?? this.make(item);
      row.update(item);
      rows.set(key, row);
    }
    for (const [key, { node }] of this.rows) if (!rows.has(key)) node.remove();
    this.rows = rows;
    // A node that is where it belongs is not moved: that would take its focus.
    [...rows.values()].forEach(({ node }, i) => {
      const there = this.node.children[i];
      if (there !== node) this.node.insertBefore(node, there ?? null);
    });
  }
}
