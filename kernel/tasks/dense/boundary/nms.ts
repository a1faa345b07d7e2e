/**
 * Non-maximum suppression of soft boundaries, as in the toolbox of structured edges (Dollár and Zitnick, ICCV 2013), whose result the
 * multi-task papers score.
 */

import { checkArguments } from "../../../rules/arguments";
import { clamp } from "../../../numeric";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { TaskError } from "../../error";

/** Options of {@link suppress}. */
export interface SuppressOptions {
  /** Pixels looked at to both sides of a boundary. Default 4. */
  radius?: number;
  /** Width in pixels of the frame that fades out. Default 5. */
  frame?: number;
  /** Factor by which a neighbor must be stronger. Default 1.01. */
  margin?: number;
}

interface Field {
  readonly data: Float64Array;
  readonly width: number;
  readonly height: number;
}

const NAMES: OptionNames<SuppressOptions> = { radius: true, frame: true, margin: true };

/** Strongest smoothing of the orientation. */
const SMOOTHING = 4;
const TINY = 1e-5;

/**
 * Smooths a map of boundaries a little and keeps the ridges (Dollár and Zitnick, arXiv 1406.5549).
 *
 * @param map [height, width], 0..1
 * @returns [height, width]
 * @throws TaskError for an unknown option
 */
export function suppress(
  map: ArrayLike<number>,
  width: number,
  height: number,
  options: SuppressOptions = {},
): Float64Array {
  checkArguments("tasks.dense.suppress", TaskError, { map }, { map: "list" });
  checkOptionNames("tasks.dense.suppress", options, NAMES, TaskError);
  const { radius = 4, frame = 5, margin = 1.01 } = options;
  const edges = smooth({ data: Float64Array.from(map), width, height }, 1);
  const angles = orientation(edges);
  const out = Float64Array.from(edges.data, (value, at) =>
    isRidge(edges, at, angles[at], radius, value * margin) ? value : 0,
  );
  fade(out, width, height, frame);
  return out;
}

/** Weights of the triangle filter: [1, p, 1] for a radius of 1, else 1 … r + 1 … 1. */
function triangle(radius: number): number[] {
  if (radius === 1) return [0.25, 0.5, 0.25];
  return Array.from({ length: 2 * radius + 1 }, (_, i) => (radius + 1 - Math.abs(i - radius)) / (radius + 1) ** 2);
}

/** Reflects an index into 0..size - 1, the border pixel twice. */
function mirrored(at: number, size: number): number {
  const turn = ((at % (2 * size)) + 2 * size) % (2 * size);
  return turn < size ? turn : 2 * size - 1 - turn;
}

/** Convolves rows and columns with the triangle filter. */
function smooth(field: Field, radius: number): Field {
  const weights = triangle(radius);
  return along(along(field, weights, true), weights, false);
}

function along({ data, width, height }: Field, weights: readonly number[], isRow: boolean): Field {
  const radius = (weights.length - 1) / 2;
  const size = isRow ? width : height;
  const out = data.map((_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const here = isRow ? x : y;
    return weights.reduce((total, weight, i) => {
      const there = mirrored(here + i - radius, size);
      return total + weight * data[isRow ? y * width + there : there * width + x];
    }, 0);
  });
  return { data: out, width, height };
}

/** Returns central differences, one-sided at the border; a field of one pixel has none. */
function difference({ data, width, height }: Field, isRow: boolean): Field {
  const [size, step] = isRow ? [width, 1] : [height, width];
  const out = data.map((_, at) => {
    const here = isRow ? at % width : Math.floor(at / width);
    const [back, ahead] = [Math.min(1, here), Math.min(1, size - 1 - here)];
    if (back + ahead === 0) return 0;
    return (data[at + ahead * step] - data[at - back * step]) / (back + ahead);
  });
  return { data: out, width, height };
}

/** Returns the angle across each boundary, 0..π, from second differences of the smoothed map. */
function orientation(edges: Field): Float64Array {
  const soft = smooth(edges, SMOOTHING);
  const x = difference(soft, true);
  const xx = difference(x, true).data;
  const xy = difference(difference(soft, false), true).data;
  const yy = difference(difference(soft, false), false).data;
  return xx.map((value, at) => {
    const angle = Math.atan((yy[at] * Math.sign(-xy[at])) / (value === 0 ? TINY : value));
    return ((angle % Math.PI) + Math.PI) % Math.PI;
  });
}

/** Tests that no pixel on a line across the boundary is stronger than the limit. */
function isRidge(edges: Field, at: number, angle: number, radius: number, limit: number): boolean {
  const [x, y] = [at % edges.width, Math.floor(at / edges.width)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  for (let d = -radius; d <= radius; d++) if (d !== 0 && limit < valueAt(edges, x + d * cos, y + d * sin)) return false;
  return true;
}

/** Keeps the position of an interpolation left of the last pixel. */
const EDGE = 1.001;

function valueAt({ data, width, height }: Field, atX: number, atY: number): number {
  const x = clamp(atX, 0, width - EDGE);
  const y = clamp(atY, 0, height - EDGE);
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [dx, dy] = [x - left, y - top];
  const pixel = (column: number, row: number): number =>
    data[Math.min(height - 1, row) * width + Math.min(width - 1, column)] as number;
  const upper = pixel(left, top) * (1 - dx) + pixel(left + 1, top) * dx;
  return upper * (1 - dy) + (pixel(left, top + 1) * (1 - dx) + pixel(left + 1, top + 1) * dx) * dy;
}

/** Fades the frame of a picture, where estimates are noisy, to zero. */
function fade(map: Float64Array, width: number, height: number, frame: number): void {
  const [wide, high] = [Math.min(frame, Math.floor(width / 2)), Math.min(frame, Math.floor(height / 2))];
  const share = (at: number, size: number, depth: number): number =>
    depth === 0 ? 1 : Math.min(1, Math.min(at, size - 1 - at) / depth);
  map.forEach((value, at) => {
    map[at] = value * share(at % width, width, wide) * share(Math.floor(at / width), height, high);
  });
}
