import { TaskError } from "../../error";
import { checkArguments } from "../../../rules/arguments";
import { type Grid, type InputGeometry, unplace } from "../../../contracts/geometry";
import type { DenseValues } from "../../../data/dense/values";
import { argmax, clamp } from "../../../numeric";
import { type DenseTask, IGNORE } from "../facts";

/** Labels of one task on the cells of a token grid, [rows · side, columns · side, channels]. */
export type Cells = Float64Array;

/** Rectangle of a label's pixels, one past the last at the end. */
interface Area {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Function that reduces the pixels of a cell to its value; NaN or zeros stand for a cell that does not count. */
type Reduce = (label: DenseValues, area: Area, out: Float64Array) => void;

/**
 * Reduces a label to the cells of a grid: the most frequent class, any boundary, the mean of normals and depths. A cell without a
 * pixel that counts is 255 for classes, else zero.
 *
 * @param geometry place of the picture in the grid's frame. Default: the grid covers the picture
 */
export function cellsOf(task: DenseTask, label: DenseValues, layout: Grid, geometry?: InputGeometry): Cells {
  checkArguments(
    "tasks.dense.cellsOf",
    TaskError,
    { task, label, layout },
    { task: "string", label: { data: "list" }, layout: "list" },
  );
  const [rows, columns] = layout;
  const { channels } = label;
  const cells = new Float64Array(rows * columns * channels);
  const out = new Float64Array(channels);
  const place = geometry ?? coveringPlace(label);
  for (let at = 0; at < rows * columns; at++) {
    REDUCE[task](label, areaOf(at, [rows, columns], label, place), out);
    cells.set(out, at * channels);
  }
  return cells;
}

const coveringPlace = ({ width, height }: DenseValues): InputGeometry => ({
  scaleX: 1,
  scaleY: 1,
  offsetX: 0,
  offsetY: 0,
  modelSize: [width, height],
});

/** Returns the pixels under a cell; at least one where the cell touches the picture. */
function areaOf(at: number, [rows, columns]: Grid, { width, height }: DenseValues, place: InputGeometry): Area {
  const [stepX, stepY] = [place.modelSize[0] / columns, place.modelSize[1] / rows];
  const [column, row] = [at % columns, Math.floor(at / columns)];
  const [left, top] = unplace([column * stepX, row * stepY], place);
  const [right, bottom] = unplace([(column + 1) * stepX, (row + 1) * stepY], place);
  const from = (value: number, end: number): number => clamp(Math.round(value), 0, end);
  const across = { left: from(left, width), right: from(right, width) };
  const along = { top: from(top, height), bottom: from(bottom, height) };
  if (across.left === across.right && left < width && right > 0) across.left = Math.floor((left + right) / 2);
  if (along.top === along.bottom && top < height && bottom > 0) along.top = Math.floor((top + bottom) / 2);
  return {
    left: across.left,
    right: Math.max(across.right, Math.min(width, across.left + 1)),
    top: along.top,
    bottom: Math.max(along.bottom, Math.min(height, along.top + 1)),
  };
}

function eachPixel({ width }: DenseValues, { left, right, top, bottom }: Area, visit: (at: number) => void): void {
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) visit(y * width + x);
}

/** Takes the class of most pixels, the smallest of equally frequent ones. */
function mostFrequent(label: DenseValues, area: Area, out: Float64Array): void {
  const counts = new Uint32Array(256);
  eachPixel(label, area, (at) => counts[label.data[at]]++);
  counts[IGNORE] = 0;
  const found = argmax(counts);
  out[0] = counts[found] > 0 ? found : IGNORE;
}

/** Takes 1 where a pixel is one, and 255 where none counts. */
function anyOf(label: DenseValues, area: Area, out: Float64Array): void {
  out[0] = IGNORE;
  eachPixel(label, area, (at) => {
    const value = label.data[at];
    if (value !== IGNORE) out[0] = out[0] === 1 ? 1 : value;
  });
}

/** Takes the unit vector of the sum; pixels without a normal add nothing. */
function meanNormal(label: DenseValues, area: Area, out: Float64Array): void {
  out.fill(0);
  eachPixel(label, area, (at) => out.forEach((_, c) => (out[c] += label.data[at * 3 + c])));
  const length = Math.hypot(out[0], out[1], out[2]);
  if (length > 0) out.forEach((value, c) => (out[c] = value / length));
}

/** Takes the mean of the known depths. */
function meanDepth(label: DenseValues, area: Area, out: Float64Array): void {
  let [sum, count] = [0, 0];
  eachPixel(label, area, (at) => {
    const value = label.data[at];
    if (value > 0) [sum, count] = [sum + value, count + 1];
  });
  out[0] = count > 0 ? sum / count : 0;
}

const REDUCE: Readonly<Record<DenseTask, Reduce>> = {
  semseg: mostFrequent,
  parts: mostFrequent,
  saliency: mostFrequent,
  boundary: anyOf,
  normals: meanNormal,
  depth: meanDepth,
};
