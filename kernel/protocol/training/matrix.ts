import { least, most } from "../../numeric/order";
import { base64Decode, base64Encode } from "../core/base64";
import { shortened } from "./curve";

/** A matrix at one evaluation, in 255 shades between its smallest and its largest value; 0 is empty. */
export interface SavedMatrix {
  title: string;
  rows: string[];
  columns: string[];
  axes: [rows: string, columns: string];
  note: string;
  /** Ends of the colours, where they are given. */
  scale?: [min: number, max: number];
  /** Values of shades 1 and 255. */
  range: [min: number, max: number];
  /** Base64 of a byte a cell, row by row. */
  cells: string;
}

/** A matrix at several evaluations. */
export interface SavedMatrices extends Omit<SavedMatrix, "range" | "cells"> {
  frames: MatrixFrame[];
}

export interface MatrixFrame {
  step: number;
  range: [min: number, max: number];
  cells: string;
}

/** More cells than this are not told apart by eye. */
export const MAX_MATRIX_CELLS: number = 1 << 15;
export const MAX_MATRICES = 24;
const MAX_FRAMES = 64;
const SHADES = 254;

/** Values in shades; `NaN` and infinities are empty. */
export function encodeCells(values: ArrayLike<number>): Pick<SavedMatrix, "range" | "cells"> {
  const finite = Array.from(values).filter(Number.isFinite);
  const [min, max] = finite.length ? [least(finite), most(finite)] : [0, 0];
  const shade = (value: number): number =>
    Number.isFinite(value) ? 1 + Math.round((SHADES * (value - min)) / (max - min || 1)) : 0;
  return {
    range: [shortened(min), shortened(max)],
    cells: base64Encode(Uint8Array.from({ length: values.length }, (_, i) => shade(values[i]))),
  };
}

/** The values of a frame; `null` where it is empty. */
export function decodeCells({ range: [min, max], cells }: Pick<MatrixFrame, "range" | "cells">): (number | null)[] {
  return Array.from(base64Decode(cells), (shade) => (shade ? min + ((shade - 1) / SHADES) * (max - min) : null));
}

/** Puts a matrix behind its earlier frames; one of other rows or columns begins anew. */
export function addFrame(all: SavedMatrices[], step: number, { range, cells, ...head }: SavedMatrix): SavedMatrices[] {
  const known = all.find(({ title }) => title === head.title);
  const frame = { step, range, cells };
  if (!known) return all.length < MAX_MATRICES ? [...all, { ...head, frames: [frame] }] : all;
  const same = known.rows.join("\n") === head.rows.join("\n") && known.columns.join("\n") === head.columns.join("\n");
  const earlier = same ? known.frames.filter((one) => one.step < step) : [];
  const frames = thinnedFrames([...earlier, frame], MAX_FRAMES);
  return all.map((one) => (one === known ? { ...head, frames } : one));
}

/** Every other frame is left out until they are few enough; the first and the last stay. */
export function thinnedFrames(frames: readonly MatrixFrame[], most: number): MatrixFrame[] {
  let kept = [...frames];
  while (kept.length > Math.max(2, most)) kept = kept.filter((_, i) => i % 2 === 0 || i === kept.length - 1);
  return most < 2 ? kept.slice(-1) : kept;
}

/** One scale for all frames: the given one, or from the smallest to the largest value of any. */
export function commonScale({ scale, frames }: SavedMatrices): [min: number, max: number] {
  if (scale) return scale;
  const [lows, highs] = [frames.map(({ range }) => range[0]), frames.map(({ range }) => range[1])];
  return [least(lows), most(highs)];
}
