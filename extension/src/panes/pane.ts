import {
  SvgPen,
  drawMark,
  paintValues,
  type GridPlacement,
  type Heat,
  type MarkFrame,
  type Point,
  type SavedImage,
  type Scene,
} from "fovea/protocol";
import { element } from "../dom";
import { WHOLE, type ZoomWindow } from "./zoom";

/** An image: a canvas with its caption. */
export class Pane {
  readonly node: HTMLElement;
  readonly canvas: HTMLCanvasElement = element("canvas", { class: "jp-FoveaView-canvas" });

  constructor(
    private readonly saved: SavedImage,
    words: string = `${saved.label} · ${saved.width} × ${saved.height}`,
  ) {
    this.canvas.style.aspectRatio = `${saved.width} / ${saved.height}`;
    const caption = element("figcaption", { text: words });
    this.node = element("figure", { class: "jp-FoveaView-pane" }, this.canvas, caption);
  }

  /** Decodes the saved image. Resolves to false when the browser cannot. */
  async load(): Promise<boolean> {
    this.image.src = `data:${this.saved.mime};base64,${this.saved.data}`;
    return this.image.decode().then(
      () => true,
      () => false,
    );
  }

  /** Matches the canvas to its size on the page, in device pixels. Returns whether anything changed. */
  resize(): boolean {
    const box = this.canvas.getBoundingClientRect();
    const width = Math.round(box.width * window.devicePixelRatio);
    const height = Math.round((box.width * this.saved.height * window.devicePixelRatio) / this.saved.width);
    if (width === 0 || (this.canvas.width === width && this.canvas.height === height)) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }

  /** Shows a part of the image from the next drawing on. */
  show(shown: ZoomWindow): void {
    this.shown = shown;
  }

  /** The image pixel under a pointer. */
  pointAt(event: MouseEvent): Point {
    const [x, y] = this.fractionAt(event);
    const { zoom, left, top } = this.shown;
    return [(left + x / zoom) * this.saved.width, (top + y / zoom) * this.saved.height];
  }

  /** The place of a pointer as fractions of the canvas. */
  fractionAt(event: MouseEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  draw(scene: Scene): void {
    this.drawOn(this.canvas, scene, this.shown);
  }

  /** Draws a scene on another canvas of the same proportions. */
  drawOn(canvas: HTMLCanvasElement, scene: Scene, shown = WHOLE): void {
    const context = canvas.getContext("2d");
    if (!context || canvas.width === 0) return;
    const { width, height } = canvas;
    const { zoom, left, top } = shown;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.translate(-left * zoom * width, -top * zoom * height);
    context.imageSmoothingEnabled = true;
    if (this.image.complete && this.image.naturalWidth > 0)
      context.drawImage(this.image, 0, 0, zoom * width, zoom * height);
    const frame = this.frameOf(width, zoom);
    if (scene.base) this.drawRaster(context, scene.base.colors, scene.base.placement, frame);
    if (scene.heat) this.drawHeat(context, scene.heat, frame);
    if (scene.grid) drawGrid(context, scene.grid, frame);
    for (const mark of scene.marks) drawMark(context, mark, frame);
  }

  private frameOf(width: number, zoom: number): MarkFrame {
    return { scale: (zoom * width) / this.saved.width, pixel: window.devicePixelRatio };
  }

  /** The scene as an `<svg>` of the canvas's size: image and heat-map as a picture, marks as lines. */
  vector(scene: Scene): string {
    const { width, height } = this.canvas;
    this.draw({ ...scene, marks: [] });
    const base = this.canvas.toDataURL("image/png");
    this.draw(scene);
    const pen = new SvgPen();
    const { zoom, left, top } = this.shown;
    for (const mark of scene.marks) drawMark(pen, mark, this.frameOf(width, zoom));
    const picture = `<image width="${width}" height="${height}" href="${base}"/>`;
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    const place = zoom === 1 ? "" : ` transform="translate(${-left * zoom * width} ${-top * zoom * height})"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${picture}<g${place}>${pen.elements.join("")}</g></svg>`;
  }

  /** One square a patch, without smoothing: the picture shows no more than was computed. */
  private drawHeat(context: CanvasRenderingContext2D, heat: Heat, frame: MarkFrame): void {
    const [rows, columns] = heat.placement.grid;
    const colors = new Uint8ClampedArray(4 * rows * columns);
    paintValues(heat.colormap, heat.values, heat.range, 255, colors);
    context.globalAlpha = heat.opacity;
    this.drawRaster(context, colors, heat.placement, frame);
    context.globalAlpha = 1;
  }

  /** Draws `[rows, columns, 4]` colors of patches where their grid lies. */
  private drawRaster(
    context: CanvasRenderingContext2D,
    colors: Uint8ClampedArray<ArrayBuffer>,
    { grid: [rows, columns], region }: GridPlacement,
    frame: MarkFrame,
  ): void {
    this.raster.width = columns;
    this.raster.height = rows;
    const small = this.raster.getContext("2d");
    if (!small) return;
    small.putImageData(new ImageData(colors, columns, rows), 0, 0);
    const [left, top, right, bottom] = region.map((edge) => edge * frame.scale);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.raster, left, top, right - left, bottom - top);
  }

  private shown = WHOLE;
  private readonly image = new Image();
  private readonly raster = document.createElement("canvas");
}

function drawGrid(context: CanvasRenderingContext2D, { grid, region }: GridPlacement, frame: MarkFrame): void {
  const [rows, columns] = grid;
  const [left, top, right, bottom] = region.map((edge) => edge * frame.scale);
  context.beginPath();
  for (let i = 0; i <= columns; i++) line(context, [left + (i / columns) * (right - left), top], [0, bottom - top]);
  for (let i = 0; i <= rows; i++) line(context, [left, top + (i / rows) * (bottom - top)], [right - left, 0]);
  for (const [color, width] of [
    ["rgb(17 17 17 / 55%)", 2],
    ["rgb(255 255 255 / 70%)", 0.75],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width * frame.pixel;
    context.stroke();
  }
}

function line(context: CanvasRenderingContext2D, from: Point, by: Point): void {
  context.moveTo(...from);
  context.lineTo(from[0] + by[0], from[1] + by[1]);
}
