import { clampByte } from "./colours";
import type { Painting, Stroke } from "./paint";
import type { Scene } from "./scene";

/** Cells of the painting along one pixel. */
export const SUPERSAMPLING = 2;

/** How much darker a cell on a contour is. */
const CONTOUR = 0.55;

/**
 * Colour a painting made at {@link SUPERSAMPLING}: palettes, patterns, light from above, and thin dark contours between
 * parts; each pixel is the mean of its cells. Returns row-major RGB, `size * size * 3` bytes.
 */
export function shade(scene: Scene, painting: Painting): Uint8Array {
  const { size } = scene;
  const { side, cells } = painting;
  const rgb = new Uint8Array(size * size * 3);
  const cell = new Float64Array(3);
  const shader = makeShader(scene, painting);
  for (let y = 0, out = 0; y < size; y++) {
    for (let x = 0; x < size; x++, out += 3) {
      const at = y * SUPERSAMPLING * side + x * SUPERSAMPLING;
      const [a, b, c, d] = [cells[at], cells[at + 1], cells[at + side], cells[at + side + 1]] as [number, number, number, number];
      const right = x + 1 < size ? (cells[at + 2] as number) : b;
      const below = y + 1 < size ? (cells[at + 2 * side] as number) : c;
      if (a === b && a === c && a === d && a === right && a === below) {
        shader(a, x * 2 + 1, y * 2 + 1, 1, cell);
        for (let k = 0; k < 3; k++) rgb[out + k] = clampByte(cell[k] as number);
        continue;
      }
      let [r, g, bl] = [0, 0, 0];
      for (let k = 0; k < 4; k++) {
        const [cx, cy] = [x * 2 + (k & 1), y * 2 + (k >> 1)];
        const id = cells[cy * side + cx] as number;
        const line = isContour(painting, cx, cy, id) ? CONTOUR : 1;
        shader(id, cx + 0.5, cy + 0.5, line, cell);
        r += cell[0] as number;
        g += cell[1] as number;
        bl += cell[2] as number;
      }
      rgb[out] = clampByte(r / 4);
      rgb[out + 1] = clampByte(g / 4);
      rgb[out + 2] = clampByte(bl / 4);
    }
  }
  return rgb;
}

function isContour({ side, cells, strokes }: Painting, x: number, y: number, id: number): boolean {
  const here = strokes[id] as Stroke;
  const differs = (cx: number, cy: number): boolean => {
    if (cx >= side || cy >= side) return false;
    const other = cells[cy * side + cx] as number;
    if (other === id) return false;
    const there = strokes[other] as Stroke;
    return isSolid(here) || isSolid(there) ? here.colour !== there.colour || here.instance !== there.instance : false;
  };
  return differs(x + 1, y) || differs(x, y + 1);
}

function isSolid(stroke: Stroke): boolean {
  return stroke.instance === 1 || stroke.instance === 2;
}

type Shader = (id: number, x: number, y: number, factor: number, out: Float64Array) => void;

function makeShader(scene: Scene, { side, strokes }: Painting): Shader {
  const grain = makeGrain(scene.backdrop.grainSeed, side);
  const [top, low] = scene.backdrop.sky;
  const amplitude = scene.backdrop.grain;
  return (id, x, y, factor, out) => {
    const stroke = strokes[id] as Stroke;
    const fade = id === 0 ? y / side : 0;
    const noise = stroke.instance === 0 && amplitude > 0 ? grain(x, y) * amplitude : 0;
    let weight = 0;
    let light = factor;
    if (stroke.toFigure) {
      const m = stroke.toFigure;
      const u = m[0] * x + m[1] * y + m[2];
      const v = m[3] * x + m[4] * y + m[5];
      if (stroke.weave) weight = stroke.weave(u, v);
      light *= 1.06 - 0.16 * Math.max(-1, Math.min(1, v)) + 0.03 * u;
    }
    for (let k = 0; k < 3; k++) {
      let base = stroke.colour[k as 0 | 1 | 2];
      if (id === 0) base = (top[k as 0 | 1 | 2]) + (low[k as 0 | 1 | 2] - top[k as 0 | 1 | 2]) * fade;
      if (weight > 0 && stroke.second) base += (stroke.second[k as 0 | 1 | 2] - base) * weight;
      out[k] = base * light + noise;
    }
  };
}

/** Value noise in [-1, 1] with a lattice of 1/20 of the image. */
function makeGrain(seed: number, side: number): (x: number, y: number) => number {
  const lattice = 20 / side;
  const value = (i: number, j: number): number => {
    let h = Math.imul(i + 1, 0x27d4eb2d) ^ Math.imul(j + 1, 0x165667b1) ^ seed;
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    return ((h ^ (h >>> 13)) & 0xffff) / 32768 - 1;
  };
  return (x, y) => {
    const [u, v] = [x * lattice, y * lattice];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [u - i, v - j];
    const upper = value(i, j) + (value(i + 1, j) - value(i, j)) * s;
    const lower = value(i, j + 1) + (value(i + 1, j + 1) - value(i, j + 1)) * s;
    return upper + (lower - upper) * t;
  };
}
