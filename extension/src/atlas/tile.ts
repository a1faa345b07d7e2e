import { element, setText } from "../dom";

/** A raster of few cells with a caption. */
export class Tile {
  readonly canvas: HTMLCanvasElement = element("canvas", { class: "jp-FoveaAtlas-raster" });
  private readonly caption = element("figcaption", {});
  readonly node: HTMLElement = element("figure", { class: "jp-FoveaAtlas-tile" }, this.canvas, this.caption);

  /** Paints RGBA cells; a canvas has as many pixels as there are cells. */
  show(cells: Uint8ClampedArray, [rows, columns]: readonly [number, number], caption: string): void {
    const { canvas } = this;
    if (canvas.width !== columns || canvas.height !== rows) {
      canvas.width = columns;
      canvas.height = rows;
    }
    const context = canvas.getContext("2d");
    const pixels = context?.createImageData(columns, rows);
    if (context && pixels) {
      pixels.data.set(cells);
      context.putImageData(pixels, 0, 0);
    }
    setText(this.caption, caption);
  }
}

/** Returns an enlarged copy for an exported picture. */
export function enlarged(canvas: HTMLCanvasElement, side: number): HTMLCanvasElement {
  const copy = document.createElement("canvas");
  const scale = side / Math.max(canvas.width, canvas.height, 1);
  copy.width = Math.round(canvas.width * scale);
  copy.height = Math.round(canvas.height * scale);
  const context = copy.getContext("2d");
  if (context) {
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, copy.width, copy.height);
  }
  return copy;
}
