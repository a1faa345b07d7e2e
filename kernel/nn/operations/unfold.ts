import { product } from "../../numeric";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";

/** Rows and columns of a window, of the steps between windows and of the zeros on each side. */
export interface WindowSizes {
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
}

/** Returns the number of windows along each side of a picture. */
export function windowGrid([height, width]: readonly [number, number], sizes: WindowSizes): [number, number] {
  const along = (size: number, i: 0 | 1): number =>
    Math.floor((size + 2 * sizes.padding[i] - sizes.kernel[i]) / sizes.stride[i]) + 1;
  return [along(height, 0), along(width, 1)];
}

/**
 * Takes the windows of pictures apart (`torch.nn.functional.unfold` with channels last). Its gradient adds each window back to
 * its place.
 *
 * @param x [B, H, W, C]
 * @returns [B, H', W', rows · columns · C]
 */
export function unfold(x: Tensor, sizes: WindowSizes): Tensor {
  if (isTiling(x.shape.slice(1, 3), sizes)) return tiles(x, sizes);
  const shape = x.shape as [number, number, number, number];
  const apply = tf.customGrad((x, save) => {
    (save as (tensors: Tensor[]) => void)([]);
    return { value: windows(x as Tensor, sizes), gradFunc: (dy: Tensor) => fold(dy, shape, sizes) };
  });
  return apply(x);
}

/** Tests whether windows lie side by side and cover a picture of this height and width. */
export function isTiling(size: readonly number[], { kernel, stride, padding }: WindowSizes): boolean {
  return [0, 1].every((i) => stride[i] === kernel[i] && padding[i] === 0 && size[i] % kernel[i] === 0);
}

function tiles(x: Tensor, { kernel: [rows, columns] }: WindowSizes): Tensor {
  const [B, height, width, C] = x.shape;
  const [H, W] = [height / rows, width / columns];
  const apart = tf.transpose(tf.reshape(x, [B, H, rows, W, columns, C]), [0, 1, 3, 2, 4, 5]);
  return tf.reshape(apart, [B, H, W, rows * columns * C]);
}

function windows(x: Tensor, sizes: WindowSizes): Tensor {
  const [, height, width] = x.shape;
  const [H, W] = windowGrid([height, width], sizes);
  const padded = padded4(x, sizes.padding);
  const parts = offsets(sizes.kernel).map(([row, column]) => {
    const across = everyNth(padded, 1, { from: row, count: H, step: sizes.stride[0] });
    return everyNth(across, 2, { from: column, count: W, step: sizes.stride[1] });
  });
  return tf.concat(parts, 3);
}

/** Adds windows back to their places: the transpose of {@link windows}. */
function fold(dy: Tensor, [, height, width, C]: [number, number, number, number], sizes: WindowSizes): Tensor {
  const { kernel, stride, padding } = sizes;
  const [rows, columns] = [height + 2 * padding[0], width + 2 * padding[1]];
  const parts = tf.split(dy, kernel[0] * kernel[1], 3);
  const placed = offsets(kernel).map(([row, column], i) => {
    const down = spread(parts[i], 1, { from: row, step: stride[0], size: rows });
    return spread(down, 2, { from: column, step: stride[1], size: columns });
  });
  const [B] = dy.shape;
  return tf.slice(tf.addN(placed), [0, padding[0], padding[1], 0], [B, height, width, C]);
}

const offsets = ([rows, columns]: readonly [number, number]): [number, number][] =>
  Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns]);

function padded4(x: Tensor, [down, across]: readonly [number, number]): Tensor {
  const zeros: [number, number][] = [
    [0, 0],
    [down, down],
    [across, across],
    [0, 0],
  ];
  return down || across ? tf.pad(x, zeros) : x;
}

/** Takes every `step`-th of an axis: pads it to whole steps and takes the first of each. */
function everyNth(
  x: Tensor,
  axis: 1 | 2,
  { from, count, step }: { from: number; count: number; step: number },
): Tensor {
  const span = Math.min(count * step, (x.shape[axis] as number) - from);
  const begin = x.shape.map((_, i) => (i === axis ? from : 0));
  const size = x.shape.map((length, i) => (i === axis ? span : length));
  const part = tf.slice(x, begin, size);
  return step === 1 ? part : firstOfSteps(padAxis(part, axis, 0, count * step - span), axis, step);
}

function firstOfSteps(x: Tensor, axis: 1 | 2, step: number): Tensor {
  const { before, length, after } = around(x, axis);
  const steps = tf.reshape(x, [before * (length / step), step, after]);
  const first = tf.slice(steps, [0, 0, 0], [-1, 1, after]);
  return tf.reshape(first, resized(x, axis, length / step));
}

/** Places the values of an axis `step` apart, from `from` on, among zeros of `size` in all. */
function spread(x: Tensor, axis: 1 | 2, { from, step, size }: { from: number; step: number; size: number }): Tensor {
  const { before, length, after } = around(x, axis);
  const span = (length - 1) * step + 1;
  const steps = step === 1 ? x : tf.pad(tf.reshape(x, [before * length, 1, after]), axisPadding(3, 1, 0, step - 1));
  const wide = tf.reshape(steps, resized(x, axis, length * step));
  const cut = tf.slice(
    wide,
    wide.shape.map(() => 0),
    resized(x, axis, span),
  );
  return padAxis(cut, axis, from, size - from - span);
}

function around(x: Tensor, axis: 1 | 2): { before: number; length: number; after: number } {
  return {
    before: product(x.shape.slice(0, axis)),
    length: x.shape[axis] as number,
    after: product(x.shape.slice(axis + 1)),
  };
}

const resized = (x: Tensor, axis: number, length: number): number[] =>
  x.shape.map((size, i) => (i === axis ? length : size));

const axisPadding = (rank: number, axis: number, before: number, after: number): [number, number][] =>
  Array.from({ length: rank }, (_, i) => (i === axis ? [before, after] : [0, 0]));

const padAxis = (x: Tensor, axis: number, before: number, after: number): Tensor =>
  before || after ? tf.pad(x, axisPadding(x.shape.length, axis, before, after)) : x;
