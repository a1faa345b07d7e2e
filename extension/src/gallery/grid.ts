import { element } from "../dom";
import type { Thumb } from "./store";

export interface GridEvents {
  choose(index: number): void;
  hover(index: number | undefined): void;
  /** These pictures are in sight now. */
  seen(indices: readonly number[]): void;
}

/** Pixels of a tile with the gap after it. */
const STEP = 78;
/** Rows beyond the edges that are made too. */
const AROUND = 2;

/** A grid of any number of small pictures: only those in sight are there. Worked by the stage's keys or by the pointer. */
export class ThumbGrid {
  readonly node: HTMLElement = element("div", { class: "jp-FoveaGallery-grid", attributes: { "aria-hidden": "true" } });
  private readonly space = element("div", { class: "jp-FoveaGallery-space" });
  private readonly tiles = new Map<number, HTMLElement>();
  private shown: number | undefined;

  constructor(
    private readonly count: number,
    private readonly events: GridEvents,
    signal: AbortSignal,
  ) {
    this.node.append(this.space);
    const at = (event: Event): number | undefined => {
      const tile = (event.target as Element).closest<HTMLElement>(".jp-FoveaGallery-tile");
      return tile ? Number(tile.dataset["index"]) : undefined;
    };
    this.node.addEventListener("scroll", () => events.seen(this.visible()), { signal });
    this.node.addEventListener("pointerover", (event) => events.hover(at(event)), { signal });
    this.node.addEventListener("pointerleave", () => events.hover(undefined), { signal });
    this.node.addEventListener("click", (event) => this.choose(at(event)), { signal });
  }

  /** Pictures in a row, as wide as the grid is now. */
  get columns(): number {
    return Math.max(1, Math.floor(this.node.clientWidth / STEP));
  }

  /** Shows the tiles in sight; brings the current picture into sight when it is another one. */
  draw(current: number, thumb: (index: number) => Thumb | undefined, name: (index: number) => string): void {
    if (this.node.clientWidth === 0) return;
    const { columns } = this;
    this.space.style.height = `${Math.ceil(this.count / columns) * STEP}px`;
    if (current !== this.shown) this.reveal(current);
    this.shown = current;
    const visible = new Set(this.visible());
    for (const [index, tile] of this.tiles)
      if (!visible.has(index)) {
        tile.remove();
        this.tiles.delete(index);
      }
    for (const index of visible) this.place(index, columns, current, thumb(index), name(index));
  }

  /** Pictures in sight, and a little around. */
  visible(): number[] {
    const { columns } = this;
    const first = Math.max(0, Math.floor(this.node.scrollTop / STEP) - AROUND);
    const rows = Math.ceil(this.node.clientHeight / STEP) + 2 * AROUND;
    const from = first * columns;
    return Array.from({ length: Math.max(0, Math.min(this.count - from, rows * columns)) }, (_, i) => from + i);
  }

  private choose(index: number | undefined): void {
    if (index !== undefined) this.events.choose(index);
  }

  private reveal(index: number): void {
    const top = Math.floor(index / this.columns) * STEP;
    const { scrollTop, clientHeight } = this.node;
    if (top < scrollTop) this.node.scrollTop = top;
    else if (top + STEP > scrollTop + clientHeight) this.node.scrollTop = top + STEP - clientHeight;
  }

  private place(index: number, columns: number, current: number, thumb: Thumb | undefined, name: string): void {
    let tile = this.tiles.get(index);
    if (!tile) {
      tile = element("div", { class: "jp-FoveaGallery-tile", attributes: { "data-index": String(index) } });
      this.tiles.set(index, tile);
      this.space.append(tile);
    }
    tile.style.transform = `translate(${(index % columns) * STEP}px, ${Math.floor(index / columns) * STEP}px)`;
    tile.classList.toggle("jp-mod-current", index === current);
    fillTile(tile, thumb, name);
  }
}

/** Puts a small picture into a tile, or says that it cannot be read. */
export function fillTile(tile: HTMLElement, thumb: Thumb | undefined, name: string): void {
  const url = thumb && "url" in thumb ? thumb.url : "";
  const reason = thumb && "reason" in thumb ? thumb.reason : "";
  const key = url ? `${url.length}` : reason;
  const title = reason ? `${name}: ${reason}` : name;
  if (tile.title !== title) tile.title = title;
  if (tile.dataset["filled"] === key && thumb) return;
  tile.dataset["filled"] = thumb ? key : "";
  tile.classList.toggle("jp-mod-unreadable", reason !== "");
  if (url) tile.replaceChildren(element("img", { attributes: { src: url, alt: "", draggable: "false" } }));
  else tile.replaceChildren(...(reason ? [element("span", { text: "✕" })] : []));
}
