import { patchAt, patchCenter, patchSize, type GridPlacement, type Grid } from "fovea/protocol";
import { element, setText } from "../dom";
import { Pane } from "../panes";
import type { LargePicture, Thumb } from "./store";

/** The picture that is asked with, large enough to point at its patches once the kernel has sent it. */
export class QueryPicture {
  readonly node: HTMLElement = element("div", {
    class: "jp-FoveaGallery-query",
    attributes: { "aria-hidden": "true" },
  });
  private pane: Pane | undefined;
  private large: LargePicture | undefined;
  private readonly note = element("p", { class: "jp-FoveaView-note" });

  constructor(
    private readonly grid: Grid,
    private readonly choose: (patch: number) => void,
    private readonly loaded: () => void,
  ) {}

  /** Shows the large picture, the small one until it is there, or why there is none. */
  show(large: LargePicture | { reason: string } | undefined, thumb: Thumb | undefined, name: string): void {
    if (large && "image" in large) return this.showLarge(large);
    this.pane = this.large = undefined;
    const reason = large?.reason ?? (thumb && "reason" in thumb ? thumb.reason : "");
    const url = thumb && "url" in thumb ? thumb.url : "";
    setText(this.note, reason ? `${name}: ${reason}` : name);
    const image = url ? [element("img", { attributes: { src: url, alt: "" } })] : [];
    if (this.node.dataset["shown"] === `${url.length} ${name}`) return;
    this.node.dataset["shown"] = `${url.length} ${name}`;
    this.node.replaceChildren(...image, this.note);
  }

  /** Marks the patch that is asked with. */
  draw(patch: number | undefined): void {
    const { pane, placement } = this;
    if (!pane || !placement) return;
    pane.resize();
    const mark = patch === undefined ? [] : [patch];
    pane.draw({
      grid: placement,
      marks: mark.map((at) => ({
        kind: "patch" as const,
        at: patchCenter(placement, at),
        size: patchSize(placement),
        cursor: false,
      })),
    });
  }

  get canvas(): HTMLCanvasElement | undefined {
    return this.pane?.canvas;
  }

  private get placement(): GridPlacement | undefined {
    return this.large && { grid: this.grid, region: this.large.region };
  }

  private showLarge(large: LargePicture): void {
    if (large === this.large) return;
    this.large = large;
    const pane = new Pane(large.image);
    this.pane = pane;
    this.node.dataset["shown"] = "";
    this.node.replaceChildren(pane.node);
    pane.canvas.addEventListener("click", (event) => {
      const patch = this.placement && patchAt(this.placement, pane.pointAt(event));
      if (patch !== undefined) this.choose(patch);
    });
    void pane.load().then(() => this.loaded());
  }
}
