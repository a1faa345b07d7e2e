import { SERIES, cssColor, readPlaces } from "fovea/protocol";
import { element, setText } from "../dom";
import { fillTile } from "./grid";
import type { Thumb } from "./store";

export interface MapEvents {
  hover(index: number | undefined): void;
  choose(index: number): void;
}

/** Pictures with a role on the map. */
export interface MapRoles {
  current: number;
  near: ReadonlySet<number>;
  hover?: number;
}

/** Space at the edges, and how near the pointer must come to a point, in pixels. */
const [EDGE, REACH] = [14, 14];

/** All pictures on the first two principal components, and a preview of the one under the pointer. */
export class GalleryMap {
  readonly canvas: HTMLCanvasElement = element("canvas", { class: "jp-FoveaGallery-mapCanvas" });
  readonly node: HTMLElement;
  private readonly places: Float32Array;
  private readonly previewTile = element("div", { class: "jp-FoveaGallery-tile" });
  private readonly previewName = element("span");
  private readonly preview = element("div", { class: "jp-FoveaGallery-preview" }, this.previewTile, this.previewName);

  constructor(places: string, caption: string, events: MapEvents, signal: AbortSignal) {
    this.places = readPlaces(places);
    const plot = element("div", { class: "jp-FoveaGallery-plot" }, this.canvas, this.preview);
    this.node = element(
      "figure",
      { class: "jp-FoveaGallery-map", attributes: { "aria-hidden": "true" } },
      plot,
      element("figcaption", { text: caption }),
    );
    this.preview.hidden = true;
    this.canvas.addEventListener("pointermove", (event) => events.hover(this.at(event)), { signal });
    this.canvas.addEventListener("pointerleave", () => events.hover(undefined), { signal });
    this.canvas.addEventListener("click", (event) => this.choose(event, events), { signal });
  }

  draw(roles: MapRoles): void {
    const { canvas } = this;
    const context = canvas.getContext("2d");
    if (!context || canvas.clientWidth === 0) return;
    const pixel = window.devicePixelRatio;
    canvas.width = Math.round(canvas.clientWidth * pixel);
    canvas.height = Math.round(canvas.clientHeight * pixel);
    const style = getComputedStyle(canvas);
    context.strokeStyle = style.color;
    const dot = (index: number, radius: number, color: string, edge: number): void => {
      const [x, y] = this.pixelOf(index);
      context.beginPath();
      context.arc(x * pixel, y * pixel, radius * pixel, 0, 2 * Math.PI);
      context.fillStyle = color;
      context.fill();
      context.lineWidth = edge * pixel;
      if (edge) context.stroke();
    };
    const { current, near, hover } = roles;
    const radius = this.places.length > 4000 ? 1.8 : 3;
    for (let i = 0; i < this.places.length / 2; i++) dot(i, radius, cssColor(SERIES[5], 0.8), 0);
    for (const index of near) dot(index, 5.5, cssColor(SERIES[0]), 1);
    if (hover !== undefined && hover !== current) dot(hover, 7, cssColor(SERIES[4]), 1.5);
    dot(current, 8, cssColor(SERIES[1]), 2);
  }

  /** Shows the picture under the pointer beside its point, or nothing. */
  showPreview(index: number | undefined, thumb: Thumb | undefined, name: string): void {
    this.preview.hidden = index === undefined;
    if (index === undefined) return;
    const [x, y] = this.pixelOf(index);
    const { clientWidth, clientHeight } = this.canvas;
    this.preview.style.insetInlineStart = `${x > clientWidth / 2 ? x - 118 : x + 14}px`;
    this.preview.style.insetBlockStart = `${y > clientHeight / 2 ? y - 124 : y + 10}px`;
    fillTile(this.previewTile, thumb, name);
    setText(this.previewName, name);
  }

  private choose(event: MouseEvent, events: MapEvents): void {
    const index = this.at(event);
    if (index !== undefined) events.choose(index);
  }

  private pixelOf(index: number): [x: number, y: number] {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const [x, y] = [this.places[2 * index], this.places[2 * index + 1]];
    return [EDGE + x * (width - 2 * EDGE), height - EDGE - y * (height - 2 * EDGE)];
  }

  private at(event: MouseEvent): number | undefined {
    const box = this.canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let [best, least]: [number | undefined, number] = [undefined, REACH];
    for (let i = 0; i < this.places.length / 2; i++) {
      const [x, y] = this.pixelOf(i);
      const away = Math.hypot(x - px, y - py);
      if (away < least) [best, least] = [i, away];
    }
    return best;
  }
}
