import { clamp, least, most } from "../../numeric";
import type { Point } from "../../protocol/core/geometry";

/** Red, green, blue in 0..255. */
export type Ink = readonly [red: number, green: number, blue: number];
export const WHITE: Ink = [255, 255, 255];
export const BLACK: Ink = [17, 17, 17];

/** RGB pixels with a few anti-aliased marks. */
export class Canvas {
  readonly channels = 3;
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
    background: Ink = WHITE,
  ) {
    this.data = new Uint8Array(width * height * 3);
    for (let i = 0; i < this.data.length; i++) this.data[i] = background[i % 3];
  }

  /** Copies an RGB raster with its top left corner at `(x, y)`. */
  paste(image: { data: Uint8Array; width: number; height: number }, x: number, y: number): void {
    for (let row = 0; row < image.height; row++) {
      const line = image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3);
      this.data.set(line, ((y + row) * this.width + x) * 3);
    }
  }

  blend(x: number, y: number, ink: Ink, opacity: number): void {
    if (opacity <= 0 || x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = (y * this.width + x) * 3;
    const part = Math.min(1, opacity);
    for (let c = 0; c < 3; c++) this.data[at + c] = Math.round(this.data[at + c] * (1 - part) + ink[c] * part);
  }

  /** A rectangle in whole pixels, right and bottom exclusive. */
  fillRect(left: number, top: number, right: number, bottom: number, ink: Ink, opacity = 1): void {
    for (let y = Math.max(0, top); y < Math.min(this.height, bottom); y++)
      for (let x = Math.max(0, left); x < Math.min(this.width, right); x++) this.blend(x, y, ink, opacity);
  }

  /** A segment with round ends. */
  line(from: Point, to: Point, ink: Ink, width = 1.5): void {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length2 = dx * dx + dy * dy || 1;
    this.cover(boundsOf([from, to], width), ink, (x, y) => {
      const along = clamp(((x - from[0]) * dx + (y - from[1]) * dy) / length2, 0, 1);
      return width / 2 - Math.hypot(x - from[0] - along * dx, y - from[1] - along * dy);
    });
  }

  /** A circle's outline, `width` wide, centred on the radius. */
  ring(center: Point, radius: number, ink: Ink, width = 1.5): void {
    this.cover(
      boundsOf([center], 2 * radius + width),
      ink,
      (x, y) => width / 2 - Math.abs(Math.hypot(x - center[0], y - center[1]) - radius),
    );
  }

  disc(center: Point, radius: number, ink: Ink): void {
    this.cover(boundsOf([center], 2 * radius), ink, (x, y) => radius - Math.hypot(x - center[0], y - center[1]));
  }

  /** Paints where `inside` (pixels to the edge, positive inside) says so, with one pixel of anti-aliasing. */
  private cover(bounds: Bounds, ink: Ink, inside: (x: number, y: number) => number): void {
    // A mark may reach far beyond the picture.
    const [bottom, right] = [Math.min(bounds.bottom, this.height - 1), Math.min(bounds.right, this.width - 1)];
    for (let y = Math.max(0, bounds.top); y <= bottom; y++)
      for (let x = Math.max(0, bounds.left); x <= right; x++) this.blend(x, y, ink, inside(x + 0.5, y + 0.5) + 0.5);
  }
}

interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function boundsOf(points: Point[], margin: number): Bounds {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  return {
    left: Math.floor(least(xs) - margin / 2 - 1),
    top: Math.floor(least(ys) - margin / 2 - 1),
    right: Math.ceil(most(xs) + margin / 2 + 1),
    bottom: Math.ceil(most(ys) + margin / 2 + 1),
  };
}
