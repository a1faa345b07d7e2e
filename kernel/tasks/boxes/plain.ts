import type { Box } from "../../contracts/geometry";
import { TaskError } from "../error";

/** A rectangle by its center and its size. */
export type CenterBox = readonly [x: number, y: number, width: number, height: number];

/** Returns left, top, right and bottom of a box that is given by its center and size. */
export function toCorners([x, y, width, height]: CenterBox): [
  left: number,
  top: number,
  right: number,
  bottom: number,
] {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** Returns center, width and height of a box. */
export function toCenter([left, top, right, bottom]: Box): [x: number, y: number, width: number, height: number] {
  return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
}

/**
 * Checks what a score is given as a box.
 *
 * @throws TaskError in the name of `fn` for corners that are not four finite numbers
 */
export function checkBox(fn: string, box: unknown): void {
  if (!Array.isArray(box) || box.length !== 4 || !box.every((one) => Number.isFinite(one)))
    throw new TaskError(fn, "a box must be 4 finite numbers", box);
}

/** Returns the area of a box, 0 where right is before left. */
export const areaOf = ([left, top, right, bottom]: Box): number =>
  Math.max(0, right - left) * Math.max(0, bottom - top);

function overlap(a: Box, b: Box): number {
  return areaOf([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
}

/** Returns the shared part of two boxes' union, in 0 to 1 (`torchvision.ops.box_iou`); 0 where both have no area. */
export function iou(a: Box, b: Box): number {
  const shared = overlap(a, b);
  const union = areaOf(a) + areaOf(b) - shared;
  return union > 0 ? shared / union : 0;
}

/**
 * Returns the IoU less the part of the enclosing box that neither covers, in -1 to 1 (Rezatofighi et al., arXiv 1902.09630;
 * `torchvision.ops.generalized_box_iou`).
 */
export function generalizedIou(a: Box, b: Box): number {
  const shared = overlap(a, b);
  const union = areaOf(a) + areaOf(b) - shared;
  const hull = areaOf([Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  if (hull <= 0) return 0;
  return (union > 0 ? shared / union : 0) - (hull - union) / hull;
}
