import { argmax, clamp, softmax, sum } from "../../numeric";
import { colorAt } from "../core/color";
import type { Point } from "../core/geometry";

/** Kind of a dense task: classes, a mask of two classes, unit vectors, or other values. */
export type AtlasKind = "classes" | "mask" | "vectors" | "values";
export const ATLAS_KINDS: readonly AtlasKind[] = ["classes", "mask", "vectors", "values"];

/** Number of shown channels of a task: vectors have three. */
export const shownChannels = (kind: AtlasKind): number => (kind === "vectors" ? 3 : 1);

/** Returns the mixtures whose predictions are saved: each expert alone, and the middle of each pair. */
export function atlasNodes(experts: number): [first: number, second: number][] {
  const nodes: [number, number][] = [];
  for (let i = 0; i < experts; i++) for (let j = i; j < experts; j++) nodes.push([i, j]);
  return nodes;
}

/** Returns the weights of a saved mixture. */
export function nodeWeights([first, second]: readonly [number, number], experts: number): number[] {
  const weights = new Array<number>(experts).fill(0);
  weights[first] += 0.5;
  weights[second] += 0.5;
  return weights;
}

/**
 * Returns the share of each saved mixture at a point of the simplex: Lagrange's interpolation of second degree, exact at the saved
 * mixtures.
 */
export function blendNodes(weights: readonly number[]): number[] {
  return atlasNodes(weights.length).map(([i, j]) =>
    i === j ? weights[i] * (2 * weights[i] - 1) : 4 * weights[i] * weights[j],
  );
}

/** Returns weights without the closed experts, with sum 1; the first expert alone where nothing is left. */
export function openWeights(weights: readonly number[], closed: readonly boolean[]): number[] {
  const open = weights.map((weight, e) => (closed[e] ? 0 : Math.max(0, weight)));
  const total = sum(open);
  return total > 0 ? open.map((weight) => weight / total) : open.map((_, e) => Number(e === 0));
}

/** Returns the corners of a regular polygon in the unit square, the first at the top; two experts lie on a line. */
export function simplexCorners(experts: number): Point[] {
  return Array.from({ length: experts }, (_, e) => {
    const angle = (2 * Math.PI * e) / experts - Math.PI / 2;
    return [0.5 + 0.5 * Math.cos(angle), 0.5 + 0.5 * Math.sin(angle)];
  });
}

/** Returns the place of weights: their mean of the corners. */
export function simplexPoint(weights: readonly number[]): Point {
  const corners = simplexCorners(weights.length);
  const along = (axis: 0 | 1): number => weights.reduce((sum, weight, e) => sum + weight * corners[e][axis], 0);
  return [along(0), along(1)];
}

const cross = (a: Point, b: Point, c: Point): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

/**
 * Returns weights of a point of the polygon by Wachspress' coordinates, which are those of the simplex for three experts. A point
 * outside is moved to the middle's side of the edge.
 */
export function simplexWeights(point: Point, experts: number): number[] {
  const corners = simplexCorners(experts);
  if (experts === 2) {
    const share = clamp(point[1], 0, 1);
    return [1 - share, share];
  }
  const at = (e: number): Point => corners[(e + experts) % experts];
  const areas = corners.map((_, e) => Math.max(1e-6, cross(at(e), at(e + 1), point)));
  const raw = corners.map(
    (_, e) => cross(at(e - 1), at(e), at(e + 1)) / (areas[(e - 1 + experts) % experts] * areas[e]),
  );
  const total = sum(raw);
  return raw.map((value) => value / total);
}

/**
 * Turns a head's output into what is shown: the class, the share of the mask, a unit vector, or the value.
 *
 * @param output [outputs, cells] @returns [cells, channels]
 */
export function decodeTask(kind: AtlasKind, output: Float32Array, outputs: number): Float32Array {
  const cells = output.length / outputs;
  const channels = shownChannels(kind);
  const shown = new Float32Array(cells * channels);
  const values = new Float32Array(outputs);
  for (let cell = 0; cell < cells; cell++) {
    for (let o = 0; o < outputs; o++) values[o] = output[o * cells + cell];
    shown.set(decodeCell(kind, values), cell * channels);
  }
  return shown;
}

function decodeCell(kind: AtlasKind, values: Float32Array): ArrayLike<number> {
  if (kind === "classes") return [argmax(values)];
  if (kind === "mask") return [values.length === 2 ? softmax(values, 1)[1] : 1 / (1 + Math.exp(-values[0]))];
  if (kind === "values") return values.subarray(0, 1);
  const length = Math.hypot(values[0], values[1], values[2]) || 1;
  return values.map((value) => value / length);
}

/** Colors of classes: hues a golden angle apart, in two lightnesses; class 0 is dark. */
export function classColor(index: number): [red: number, green: number, blue: number] {
  if (index === 0) return [38, 38, 44];
  const hue = (index * 137.508) % 360;
  const [low, high] = index % 2 ? [70, 225] : [30, 170];
  const part = (shift: number): number => {
    const k = (shift + hue / 60) % 6;
    return Math.round(high - (high - low) * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [part(5), part(3), part(1)];
}

/** Paints shown values as RGBA; values of depth are scaled from `range`. */
export function paintTask(
  kind: AtlasKind,
  shown: ArrayLike<number>,
  range: readonly [number, number],
): Uint8ClampedArray {
  const channels = shownChannels(kind);
  const cells = shown.length / channels;
  const out = new Uint8ClampedArray(4 * cells);
  for (let cell = 0; cell < cells; cell++) {
    const color =
      kind === "classes"
        ? classColor(shown[cell])
        : kind === "vectors"
          ? [0, 1, 2].map((c) => 127.5 * (shown[3 * cell + c] + 1))
          : colorAt("viridis", (shown[cell] - range[0]) / (range[1] - range[0] || 1));
    out.set([...color, 255], 4 * cell);
  }
  return out;
}

/** Returns the share of cells whose class, or rounded value, differs. */
export function changedShare(kind: AtlasKind, a: Float32Array, b: Float32Array): number {
  const channels = shownChannels(kind);
  const cells = a.length / channels;
  let changed = 0;
  for (let cell = 0; cell < cells; cell++) {
    let apart = 0;
    for (let c = cell * channels; c < (cell + 1) * channels; c++) apart = Math.max(apart, Math.abs(a[c] - b[c]));
    changed += Number(kind === "classes" ? apart > 0 : apart > 0.1);
  }
  return changed / cells;
}
