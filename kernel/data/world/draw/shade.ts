import { clamp } from "../../../numeric";
import { clampByte } from "./colors";
import type { Painting, Stroke } from "./paint";
import type { Scene } from "../scenes/scene";

/** Cells of the painting along one pixel. */
export const SUPERSAMPLING = 2;

/** Darkening of a cell on a contour. */
const CONTOUR = 0.55;

/** Size in pixels at which a contour is one cell wide; contours of larger images are proportionally wider. */
const CONTOUR_UNIT = 128;

/** Adds the colour of stroke `id` at cell position (x, y), times `factor`, to `sum`. */
type Shader = (id: number, x: number, y: number, factor: number, sum: Float64Array) => void;

/**
 * Colours a painting made at {@link SUPERSAMPLING}: palettes, patterns, light from above, and thin dark contours
 * between parts. Each pixel is the mean of its cells. Returns row-major RGB, `size * size * 3` bytes.
 */
export function shade(scene: Scene, painting: Painting): Uint8Array {
  const { size } = scene;
  const rgb = new Uint8Array(size * size * 3);
  const sum = new Float64Array(3);
  const shader = makeShader(scene, painting);
  const reach = Math.max(1, Math.round(size / CONTOUR_UNIT));
  for (let y = 0, out = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      sum.fill(0);
      const count = isUniform(painting, x, y, reach)
        ? shadeFlat(painting, x, y, shader, sum)
        : shadeCells(painting, x, y, reach, shader, sum);
      for (let k = 0; k < 3; k++) rgb[out++] = clampByte((sum[k] as number) / count);
    }
  }
  return rgb;
}

/**
 * Tests whether a pixel's cells, and those right of and below it, belong to one stroke, so that no contour crosses it.
 */
function isUniform({ side, cells }: Painting, x: number, y: number, reach: number): boolean {
  const at = y * SUPERSAMPLING * side + x * SUPERSAMPLING;
  const id = cells[at];
  if (cells[at + 1] !== id || cells[at + side] !== id || cells[at + side + 1] !== id) return false;
  for (let step = 2; step <= reach + 1; step++) {
    const right = 2 * x + step < side ? cells[at + step] : id;
    const below = 2 * y + step < side ? cells[at + step * side] : id;
    if (right !== id || below !== id) return false;
  }
  return true;
}

function shadeFlat({ side, cells }: Painting, x: number, y: number, shader: Shader, sum: Float64Array): number {
  shader(cells[2 * y * side + 2 * x] as number, 2 * x + 1, 2 * y + 1, 1, sum);
  return 1;
}

function shadeCells(
  painting: Painting,
  x: number,
  y: number,
  reach: number,
  shader: Shader,
  sum: Float64Array,
): number {
  for (let k = 0; k < 4; k++) {
    const cx = 2 * x + (k & 1);
    const cy = 2 * y + (k >> 1);
    const id = painting.cells[cy * painting.side + cx] as number;
    shader(id, cx + 0.5, cy + 0.5, isContour(painting, cx, cy, id, reach) ? CONTOUR : 1, sum);
  }
  return 4;
}

function isContour(painting: Painting, x: number, y: number, id: number, reach: number): boolean {
  const { side, cells, strokes } = painting;
  const at = y * side + x;
  for (let step = 1; step <= reach; step++) {
    if (x + step < side && divides(strokes, id, cells[at + step] as number)) return true;
    if (y + step < side && divides(strokes, id, cells[at + step * side] as number)) return true;
  }
  return false;
}

/** Tests for a contour between two strokes: one belongs to an object, and they differ in object or colour. */
function divides(strokes: readonly Stroke[], id: number, other: number): boolean {
  if (id === other) return false;
  const [a, b] = [strokes[id] as Stroke, strokes[other] as Stroke];
  return (isObject(a) || isObject(b)) && (a.color !== b.color || a.instance !== b.instance);
}

function isObject(stroke: Stroke): boolean {
  return stroke.toFigure !== undefined;
}

function makeShader(scene: Scene, { side, strokes }: Painting): Shader {
  const { grain: amplitude, grainSeed, sky } = scene.backdrop;
  const grain = makeGrain(grainSeed, side);
  return (id, x, y, factor, sum) => {
    const stroke = strokes[id] as Stroke;
    const color = stroke.color;
    if (isObject(stroke)) return shadeObject(stroke, x, y, factor, sum);
    const noise = stroke.instance === 0 && amplitude > 0 ? grain(x, y) * amplitude : 0;
    const fade = id === 0 ? y / side : 0;
    for (let k = 0; k < 3; k++) {
      const base = color[k as 0] + (id === 0 ? (sky[1][k as 0] - sky[0][k as 0]) * fade : 0);
      sum[k] = (sum[k] as number) + base * factor + noise;
    }
  };
}

/** Shades the pattern of a part, lit from above and slightly from its front. */
function shadeObject(stroke: Stroke, x: number, y: number, factor: number, sum: Float64Array): void {
  const m = stroke.toFigure;
  const u = m ? m[0] * x + m[1] * y + m[2] : 0;
  const v = m ? m[3] * x + m[4] * y + m[5] : 0;
  const second = stroke.second ?? stroke.color;
  const weight = stroke.weave ? stroke.weave(u, v) : 0;
  const light = factor * (1.06 - 0.16 * clamp(v, -1, 1) + 0.03 * u);
  for (let k = 0; k < 3; k++) {
    const base = stroke.color[k as 0];
    sum[k] = (sum[k] as number) + (base + (second[k as 0] - base) * weight) * light;
  }
}

/** Returns value noise in [-1, 1] with a lattice of 1/20 of the image. */
function makeGrain(seed: number, side: number): (x: number, y: number) => number {
  const lattice = 20 / side;
  const value = (i: number, j: number): number => {
    let h = Math.imul(i + 1, 0x27d4eb2d) ^ Math.imul(j + 1, 0x165667b1) ^ seed;
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    return ((h ^ (h >>> 13)) & 0xffff) / 32768 - 1;
  };
  return (x, y) => {
    const i = Math.floor(x * lattice);
    const j = Math.floor(y * lattice);
    const s = x * lattice - i;
    const t = y * lattice - j;
    const upper = value(i, j) + (value(i + 1, j) - value(i, j)) * s;
    const lower = value(i, j + 1) + (value(i + 1, j + 1) - value(i, j + 1)) * s;
    return upper + (lower - upper) * t;
  };
}
