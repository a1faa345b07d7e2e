import type { Box, Grid, Point } from "../../contracts/geometry";
import { clamp } from "../../numeric";

export { distance } from "../../numeric";
export type { Box, Grid, Point };

/** Position of a patch grid on its image. A crop makes the region smaller than the image, padding makes it larger. */
export interface GridPlacement {
  grid: Grid;
  region: Box;
}

/** Centre of a patch (row-major index) in image pixels. */
export function patchCenter(placement: GridPlacement, patch: number): Point {
  const [left, top, right, bottom] = placement.region;
  const [rows, columns] = placement.grid;
  const row = Math.floor(patch / columns);
  const column = patch % columns;
  return [left + ((column + 0.5) / columns) * (right - left), top + ((row + 0.5) / rows) * (bottom - top)];
}

/** The patch that contains a point, or `undefined` where the encoder did not look. Points on the far edges belong to the last patch. */
export function patchAt(placement: GridPlacement, point: Point): number | undefined {
  const [left, top, right, bottom] = placement.region;
  const [rows, columns] = placement.grid;
  const column = cell(point[0], left, right, columns);
  const row = cell(point[1], top, bottom, rows);
  return column === undefined || row === undefined ? undefined : row * columns + column;
}

function cell(value: number, from: number, to: number, count: number): number | undefined {
  if (!(value >= from && value <= to)) return undefined;
  return Math.min(count - 1, Math.floor(((value - from) / (to - from)) * count));
}

/** Size of one patch in image pixels: the stride of the query. */
export function patchSize(placement: GridPlacement): [width: number, height: number] {
  const [left, top, right, bottom] = placement.region;
  return [(right - left) / placement.grid[1], (bottom - top) / placement.grid[0]];
}

/** Returns the patch so many columns to the right and rows below, staying on the grid. */
export function movedPatch([rows, columns]: Grid, patch: number, dx: number, dy: number): number {
  const row = clamp(Math.floor(patch / columns) + dy, 0, rows - 1);
  return row * columns + clamp((patch % columns) + dx, 0, columns - 1);
}

/** Returns the patch in the middle of a grid. */
export function middlePatch([rows, columns]: Grid): number {
  return Math.floor(rows / 2) * columns + Math.floor(columns / 2);
}
