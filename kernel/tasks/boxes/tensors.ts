import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { TaskError } from "../error";

/** Area below which a union counts as empty, so that no quotient is NaN. */
const TINY = 1e-7;

function checkBoxes(fn: string, ...all: readonly Tensor[]): void {
  checkArguments(fn, TaskError, { boxes: all }, { boxes: ["tensor"] });
  for (const { shape } of all)
    if (shape.length !== 2 || shape[1] !== 4 || shape[0] !== all[0].shape[0])
      throw new TaskError(fn, "boxes must be [N, 4], of one N", shape);
}

const halves = (x: Tensor): Tensor[] => tf.split(x, 2, 1);

/**
 * Converts boxes from center and size to corners (`torchvision.ops.box_convert`).
 *
 * @param boxes [N, 4], x, y, width, height
 * @returns [N, 4], left, top, right, bottom
 * @throws TaskError for another shape
 */
export function boxCorners(boxes: Tensor): Tensor {
  checkBoxes("tasks.boxes.boxCorners", boxes);
  return tf.tidy(() => {
    const [center, size] = halves(boxes);
    const half = tf.mul(size, 0.5);
    return tf.concat([tf.sub(center, half), tf.add(center, half)], 1);
  });
}

/**
 * Converts boxes from corners to center and size.
 *
 * @param boxes [N, 4], left, top, right, bottom
 * @returns [N, 4], x, y, width, height
 * @throws TaskError for another shape
 */
export function boxCenters(boxes: Tensor): Tensor {
  checkBoxes("tasks.boxes.boxCenters", boxes);
  return tf.tidy(() => {
    const [low, high] = halves(boxes);
    return tf.concat([tf.mul(tf.add(low, high), 0.5), tf.sub(high, low)], 1);
  });
}

/** Returns width times height of sizes [N, 2]: [N, 1]. */
function areas(sizes: Tensor): Tensor {
  const [width, height] = halves(sizes);
  return tf.mul(width, height);
}

interface Overlaps {
  shared: Tensor;
  union: Tensor;
  hull: Tensor;
}

/** Returns the areas [N, 1] of the intersection, the union and the enclosing box of each pair of boxes. */
function overlaps(a: Tensor, b: Tensor): Overlaps {
  const [aLow, aHigh] = halves(a);
  const [bLow, bHigh] = halves(b);
  const shared = areas(tf.relu(tf.sub(tf.minimum(aHigh, bHigh), tf.maximum(aLow, bLow))));
  const union = tf.sub(tf.add(areas(tf.sub(aHigh, aLow)), areas(tf.sub(bHigh, bLow))), shared);
  const hull = areas(tf.sub(tf.maximum(aHigh, bHigh), tf.minimum(aLow, bLow)));
  return { shared, union, hull };
}

const share = (part: Tensor, whole: Tensor): Tensor => tf.div(part, tf.maximum(whole, TINY));

/**
 * Returns the IoU of row i of both, with gradients.
 *
 * @param a [N, 4], left, top, right, bottom
 * @param b [N, 4]
 * @returns [N], in 0 to 1
 * @throws TaskError for other shapes
 */
export function boxIou(a: Tensor, b: Tensor): Tensor {
  checkBoxes("tasks.boxes.boxIou", a, b);
  return tf.tidy(() => {
    const { shared, union } = overlaps(a, b);
    return tf.reshape(share(shared, union), [-1]);
  });
}

/**
 * Returns the generalized IoU (arXiv 1902.09630) of row i of both, with gradients.
 *
 * @param a [N, 4], left, top, right, bottom
 * @param b [N, 4]
 * @returns [N], in -1 to 1
 * @throws TaskError for other shapes
 */
export function generalizedBoxIou(a: Tensor, b: Tensor): Tensor {
  checkBoxes("tasks.boxes.generalizedBoxIou", a, b);
  return tf.tidy(() => {
    const { shared, union, hull } = overlaps(a, b);
    return tf.reshape(tf.sub(share(shared, union), share(tf.sub(hull, union), hull)), [-1]);
  });
}
