import type { Box, Point } from "../../contracts/geometry";
import { ViewError } from "../../protocol/core/error";
import { Canvas, type Ink, WHITE } from "../draw/canvas";
import type { Pixels } from "../draw/png";
import { checkArguments } from "../../rules/arguments";

/** Point over a picture. */
export interface PointMark {
  /** Column and row in pixels of the picture; a pixel's center lies at .5. Points outside are left out. */
  at: Point;
  /** Radius in pixels of the picture, above 0. Default 2. */
  radius?: number;
  /** Color as `#rrggbb`. Default `#e69f00`. */
  color?: string;
}

/** Box over a picture. */
export interface BoxMark {
  /** Left, top, right and bottom edge in pixels of the picture. */
  box: Box;
  /** Color as `#rrggbb`. Default `#e69f00`. */
  color?: string;
}

/** Marks over a picture, drawn in this order: boxes, points. */
export interface Marks {
  /** Discs with a white rim. Default: none. */
  points?: readonly PointMark[];
  /** Outlines with a white rim. Default: none. */
  boxes?: readonly BoxMark[];
}

const ORANGE = "#e69f00";

/** Returns the pixels with the marks over them; without marks, `pixels` itself. */
export function drawMarks(where: string, pixels: Pixels, scale: number, { points = [], boxes = [] }: Marks): Pixels {
  checkArguments(where, ViewError, { points, boxes }, { points: ["object"], boxes: ["object"] });
  if (points.length + boxes.length === 0) return pixels;
  const canvas = new Canvas(pixels.width, pixels.height);
  canvas.paste({ data: opaque(pixels), width: pixels.width, height: pixels.height }, 0, 0);
  for (const mark of boxes) drawBox(where, canvas, scale, mark);
  for (const mark of points) drawPoint(where, canvas, scale, mark);
  return canvas;
}

/** Returns RGB pixels; transparent ones become white. */
function opaque({ data, width, height, channels }: Pixels): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const alpha = channels === 4 ? data[i * 4 + 3] / 255 : 1;
    for (let c = 0; c < 3; c++) {
      const value = data[i * channels + (channels === 1 ? 0 : c)];
      out[i * 3 + c] = Math.round(value * alpha + 255 * (1 - alpha));
    }
  }
  return out;
}

function drawPoint(where: string, canvas: Canvas, scale: number, { at, radius = 2, color = ORANGE }: PointMark): void {
  const [x, y] = checkNumbers(where, "a point's at", at, 2);
  if (!(radius > 0)) throw new ViewError(where, "a point's radius must be above 0", radius);
  const ink = inkOf(where, color);
  if (x < 0 || y < 0 || x * scale > canvas.width || y * scale > canvas.height) return;
  const center: Point = [x * scale, y * scale];
  canvas.disc(center, radius * scale + 1.5, WHITE);
  canvas.disc(center, radius * scale, ink);
}

function drawBox(where: string, canvas: Canvas, scale: number, { box, color = ORANGE }: BoxMark): void {
  const [left, top, right, bottom] = checkNumbers(where, "a box", box, 4).map((edge) => edge * scale);
  if (!(right > left && bottom > top))
    throw new ViewError(where, "a box must be left, top, right, bottom with right and bottom beyond", box);
  const ink = inkOf(where, color);
  const corners: Point[] = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
  for (const [pen, width] of [
    [WHITE, 5],
    [ink, 2.5],
  ] as const)
    corners.forEach((corner, i) => canvas.line(corner, corners[(i + 1) % 4], pen, width));
}

function checkNumbers(where: string, name: string, values: readonly number[], count: number): readonly number[] {
  const legal = Array.isArray(values) && values.length === count && values.every((value) => Number.isFinite(value));
  if (!legal) throw new ViewError(where, `${name} must be ${count} finite numbers`, values);
  return values;
}

function inkOf(where: string, color: string): Ink {
  if (!/^#[0-9a-f]{6}$/i.test(color)) throw new ViewError(where, "a color must be written #rrggbb", color);
  const part = (at: number) => parseInt(color.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}
