import { clamp, type Neighbor } from "fovea/protocol";
import { element, setText } from "../dom";
import { fillTile } from "./grid";
import type { Thumb } from "./store";

export interface NeighborEvents {
  choose(index: number): void;
  hover(index: number | undefined): void;
}

/** Neighbors that the list has room for. */
export const SHOWN = 12;

interface Entry {
  node: HTMLElement;
  tile: HTMLElement;
  box: HTMLElement;
  words: HTMLElement;
}

/** The nearest pictures in order, each with its cosine and, where a patch is asked with, a frame around its nearest patch. */
export class NeighborList {
  readonly node: HTMLElement;
  private shown: readonly Neighbor[] = [];
  private readonly entries: Entry[];

  constructor(events: NeighborEvents, signal: AbortSignal) {
    this.entries = Array.from({ length: SHOWN }, makeEntry);
    this.node = element(
      "ol",
      { class: "jp-FoveaGallery-neighbors", attributes: { "aria-hidden": "true" } },
      ...this.entries.map(({ node }) => node),
    );
    this.entries.forEach(({ node }, i) => {
      const index = (): number | undefined => this.shown.at(i)?.index;
      node.addEventListener("pointerenter", () => events.hover(index()), { signal });
      node.addEventListener(
        "click",
        () => {
          const chosen = index();
          if (chosen !== undefined) events.choose(chosen);
        },
        { signal },
      );
    });
    this.node.addEventListener("pointerleave", () => events.hover(undefined), { signal });
  }

  update(
    neighbors: readonly Neighbor[],
    thumb: (index: number) => Thumb | undefined,
    name: (index: number) => string,
  ): void {
    this.shown = neighbors;
    this.entries.forEach(({ node, tile, box, words }, i) => {
      const one = neighbors.at(i);
      node.hidden = !one;
      if (!one) return;
      fillTile(tile, thumb(one.index), name(one.index));
      setText(words, `${i + 1} · ${one.score.toFixed(3)}`);
      box.hidden = !one.box;
      if (one.box) placeBox(box, one.box);
    });
  }

  /** The small pictures as they are now, for an export. */
  pictures(): HTMLImageElement[] {
    return this.entries.flatMap(({ node, tile }) => (node.hidden ? [] : [...tile.querySelectorAll("img")]));
  }
}

function makeEntry(): Entry {
  const tile = element("div", { class: "jp-FoveaGallery-tile" });
  const box = element("div", { class: "jp-FoveaGallery-box" });
  const words = element("span");
  const frame = element("div", { class: "jp-FoveaGallery-frame" }, tile, box);
  return { node: element("li", {}, frame, words), tile, box, words };
}

function placeBox(box: HTMLElement, [left, top, right, bottom]: readonly number[]): void {
  const percent = (share: number): string => `${(100 * clamp(share, 0, 1)).toFixed(2)}%`;
  box.style.left = percent(left);
  box.style.top = percent(top);
  box.style.width = percent(right - left);
  box.style.height = percent(bottom - top);
}
