import { checkArguments } from "../../rules/arguments";
import * as boxes from "../../numeric/boxes";
import type { Box } from "../../contracts/geometry";
import { TaskError } from "../error";

/** A rectangle by its center and its size, as DETR predicts it (Carion et al., arXiv 2005.12872). */
export type CenterBox = readonly [x: number, y: number, width: number, height: number];

export { areaOf } from "../../numeric/boxes";

/**
 * Returns the shared part of two boxes' union, in 0 to 1 (`torchvision.ops.box_iou`); 0 where both have no area.
 *
 * @throws TaskError for a box that is not four finite numbers
 */
export function iou(a: Box, b: Box): number {
  for (const box of [a, b]) checkBox("tasks.boxes.iou", box);
  return boxes.iou(a, b);
}

/**
 * Returns the IoU less the part of the enclosing box that neither covers, in -1 to 1 (Rezatofighi et al., arXiv 1902.09630;
 * `torchvision.ops.generalized_box_iou`).
 *
 * @throws TaskError for a box that is not four finite numbers
 */
export function generalizedIou(a: Box, b: Box): number {
  for (const box of [a, b]) checkBox("tasks.boxes.generalizedIou", box);
  return boxes.generalizedIou(a, b);
}

/** Returns left, top, right and bottom of a box that is given by its center and size (DETR, arXiv 2005.12872). */
export function toCorners(box: CenterBox): [left: number, top: number, right: number, bottom: number] {
  checkArguments("tasks.boxes.toCorners", TaskError, { box }, { box: "list" });
  const [x, y, width, height] = box;
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** Returns center, width and height of a box (DETR, arXiv 2005.12872). */
export function toCenter(box: Box): [x: number, y: number, width: number, height: number] {
  checkArguments("tasks.boxes.toCenter", TaskError, { box }, { box: "list" });
  const [left, top, right, bottom] = box;
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
