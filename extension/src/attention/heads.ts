import type { HeadNumbers, SavedImage, Scene } from "fovea/protocol";
import { element, scrollToItem } from "../dom";
import { Pane } from "../panes";

/** The heads of a layer as small pictures, worked by the stage's keys or by the pointer. */
export class HeadGrid {
  readonly node: HTMLElement = element("div", {
    class: "jp-FoveaAttention-heads",
    attributes: { "aria-hidden": "true" },
  });

  constructor(
    private readonly choose: (head: number) => void,
    private readonly loaded: () => void,
  ) {}

  /** Makes the small pictures of a layer, unless they are there. */
  show(image: SavedImage, numbers: readonly HeadNumbers[]): void {
    const key = `${image.data.length} ${image.label} ${JSON.stringify(numbers)}`;
    if (key === this.key) return;
    this.key = key;
    this.panes = numbers.map((of, head) => new Pane(image, headWords(head, of)));
    // As many rows as columns: few heads are drawn large.
    this.node.style.setProperty("--jp-FoveaAttention-columns", String(Math.ceil(Math.sqrt(numbers.length))));
    this.node.replaceChildren(...this.panes.map((pane) => pane.node));
    this.panes.forEach((pane, head) => {
      pane.node.classList.add("jp-FoveaAttention-head");
      pane.node.addEventListener("click", () => this.choose(head));
      void pane.load().then(() => this.loaded());
    });
  }

  draw(scene: (head: number) => Scene, current: number): void {
    const shown = this.panes.at(current)?.node;
    if (current !== this.current && shown) scrollToItem(this.node, shown);
    this.current = current;
    this.panes.forEach((pane, head) => {
      pane.node.classList.toggle("jp-mod-current", head === current);
      pane.resize();
      pane.draw(scene(head));
    });
  }

  /** The canvases, so many in a row. */
  rows(columns: number): HTMLCanvasElement[][] {
    const canvases = this.panes.map(({ canvas }) => canvas);
    return Array.from({ length: Math.ceil(canvases.length / columns) }, (_, row) =>
      canvases.slice(row * columns, (row + 1) * columns),
    );
  }

  private key = "";
  private current = 0;
  private panes: Pane[] = [];
}

/** "3 · 0.62 · 41 %": number, entropy and mean distance. */
function headWords(head: number, { entropy, distance }: HeadNumbers): string {
  return `${head + 1} · ${entropy.toFixed(2)} · ${Math.round(100 * distance)}\u00a0%`;
}
