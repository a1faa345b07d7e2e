import { most } from "../../numeric/order";
import type { SavedMatrices } from "./matrix";

/** Pixels on the left of the cells, and on the right with the colour bar. */
export const [LEFT, RIGHT]: readonly [number, number] = [60, 62];
/** Pixels that a letter of a label takes. */
export const LETTER = 6.5;
/** Longer labels lose their middle. */
export const MOST_LETTERS = 22;
/** Pixels between two panels. */
const GAP = 12;

/** Returns whether a picture takes the whole width. */
export function isWide({ rows, columns }: SavedMatrices): boolean {
  return columns.length > 24 && columns.length > 2 * rows.length;
}

/** Returns whether the cells of a picture are places on a grid over the image. */
export function isMap({ axes, columns }: SavedMatrices): boolean {
  return axes[0] === "row" && axes[1] === "column" && columns.length > 0;
}

/** Pixels below which a picture's cells and labels get too small to read. */
export function leastWidth(matrix: SavedMatrices): number {
  const cells = isMap(matrix) ? 140 : Math.max(120, 6 * matrix.columns.length);
  return labelsWidth(matrix) + cells + RIGHT;
}

/** Returns the pixels that the names of the rows take, with the name of the axis beside them. */
export function labelsWidth({ rows }: SavedMatrices): number {
  const longest = Math.max(0, most(rows.map((name) => Math.min(MOST_LETTERS, name.length))));
  return Math.max(LEFT, longest * LETTER + 28);
}

/** Returns the number of panels of these least widths in a row, so that the last row lacks as few as possible. */
export function balancedColumns(width: number, least: readonly number[]): number {
  if (!least.length) return 1;
  const fitting = Math.max(1, Math.floor((width + GAP) / (most(least) + GAP)));
  return Math.ceil(least.length / Math.ceil(least.length / fitting));
}
