import type { Box } from "../contracts/geometry";

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

/**
 * Returns F1 = 2 TP / (2 TP + FP + FN) of one expression (gRefCOCO; He et al., arXiv 2308.16182, section 4.2). Boxes and targets are
 * paired by the largest overlap first. Without a target it is 1 for no box and 0 for any.
 *
 * @param threshold overlap from which a pair is right, itself included
 */
export function boxF1(
  boxes: readonly Box[],
  targets: readonly Box[],
  threshold: number,
  measure = generalizedIou,
): number {
  if (!targets.length) return Number(boxes.length === 0);
  const pairs = boxes.flatMap((box, i) => targets.map((target, k) => ({ i, k, value: measure(box, target) })));
  const [usedBoxes, usedTargets] = [new Set<number>(), new Set<number>()];
  for (const { i, k, value } of pairs.sort((a, b) => b.value - a.value)) {
    if (value < threshold) break;
    if (usedBoxes.has(i) || usedTargets.has(k)) continue;
    usedBoxes.add(i);
    usedTargets.add(k);
  }
  // TP + FP are the boxes, TP + FN the targets.
  return (2 * usedBoxes.size) / (boxes.length + targets.length);
}
