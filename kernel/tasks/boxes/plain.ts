import type { Box } from "../../contracts/geometry";
import { TaskError } from "../error";

export { areaOf, generalizedIou, iou } from "../../numeric/boxes";

/** A rectangle by its center and its size, as DETR predicts it (Carion et al., arXiv 2005.12872). */
export type CenterBox = readonly [x: number, y: number, width: number, height: number];

/** Returns left, top, right and bottom of a box that is given by its center and size (DETR, arXiv 2005.12872). */
export function toCorners([x, y, width, height]: CenterBox): [
  left: number,
  top: number,
  right: number,
  bottom: number,
] {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** Returns center, width and height of a box (DETR, arXiv 2005.12872). */
export function toCenter([left, top, right, bottom]: Box): [x: number, y: number, width: number, height: number] {
  return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
}

/**
 * Checks a box of a score.
 *
 * @throws TaskError in the name of `fn` for corners that are not four finite numbers
 */
export function checkBox(fn: string, box: unknown): void {
  if (!Array.isArray(box) || box.length !== 4 || !box.every((one) => Number.isFinite(one)))
    throw new TaskError(fn, "a box must be 4 finite numbers", box);
}
