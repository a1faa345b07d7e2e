import { element, setText } from "../dom";

/** A part of the panel under a title that folds it away. */
export class Section {
  readonly node: HTMLDetailsElement;
  private readonly count = element("span", { class: "jp-FoveaOverview-count" });
  private readonly empty: HTMLElement;

  /** @param empty sentence that stands for an empty list */
  constructor(
    title: string,
    empty: string,
    private readonly content: HTMLElement,
    ...above: HTMLElement[]
  ) {
    this.empty = element("p", { class: "jp-FoveaOverview-empty", text: empty });
    const head = element("summary", {}, element("h3", { text: title }), this.count);
    this.node = element("details", { class: "jp-FoveaOverview-section" }, head, ...above, content, this.empty);
    this.node.open = true;
    this.empty.hidden = true;
  }

  setCount(count: number): void {
    setText(this.count, String(count));
    this.empty.hidden = count > 0;
    this.content.hidden = count === 0;
  }
}
