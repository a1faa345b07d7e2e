import { checkArguments } from "../../rules/arguments";
import { cubic } from "../../numeric/cubic";
import { TrainError } from "../error";
import type { FloatPicture } from "./picture";

/** Rectangle of a picture in whole pixels. */
export interface Crop {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Mirrors a picture left to right (torchvision's `hflip`). */
export function flipHorizontally(picture: FloatPicture): FloatPicture {
  checkArguments("train.augment.flipHorizontally", TrainError, { picture }, { picture: { data: "list" } });
  const { data, height, width } = picture;
  const result = new Float32Array(data.length);
  for (let row = 0; row < 3 * height; row++)
    for (let x = 0; x < width; x++) result[row * width + x] = data[row * width + width - 1 - x];
  return { ...picture, data: result };
}

/** Cuts a rectangle out of a picture. @throws TrainError for one that is not inside */
export function cropPicture(picture: FloatPicture, rectangle: Crop): FloatPicture {
  checkArguments(
    "train.augment.cropPicture",
    TrainError,
    { picture, rectangle },
    { picture: { data: "list" }, rectangle: "object" },
  );
  const { top, left, height, width } = rectangle;
  const inside =
    top >= 0 &&
    left >= 0 &&
    height >= 1 &&
    width >= 1 &&
    top + height <= picture.height &&
    left + width <= picture.width;
  if (!inside)
    throw new TrainError("train.augment.cropPicture", `the crop must lie in ${picture.height} x ${picture.width}`, [
      top,
      left,
      height,
      width,
    ]);
  const data = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < height; y++) {
      const from = (c * picture.height + top + y) * picture.width + left;
      data.set(picture.data.subarray(from, from + width), (c * height + y) * width);
    }
  return { data, height, width };
}

/** Filter of {@link resizePicture}. */
export type ResizeFilter = "bilinear" | "bicubic";

const KERNELS: Record<ResizeFilter, { support: number; weight: (x: number) => number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(x, -0.5) },
};

/** Positions and weights that make up each place of a resized line. */
function linesOf(from: number, to: number, filter: ResizeFilter): { first: number; weights: Float64Array }[] {
  const { support, weight } = KERNELS[filter];
  const scale = from / to;
  const wide = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const center = scale * (i + 0.5);
    const first = Math.max(0, Math.floor(center - support * wide + 0.5));
    const end = Math.min(from, Math.floor(center + support * wide + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, k) => weight((first + k - center + 0.5) / wide));
    const sum = weights.reduce((all, one) => all + one, 0);
    return { first, weights: weights.map((one) => one / sum) };
  });
}

/**
 * Resizes a picture with antialiasing (torchvision's `resize` of tensors, `torch.nn.functional.interpolate(antialias=True)`).
 *
 * @param filter default `bilinear`
 */
export function resizePicture(
  picture: FloatPicture,
  height: number,
  width: number,
  filter: ResizeFilter = "bilinear",
): FloatPicture {
  checkArguments("train.augment.resizePicture", TrainError, { picture }, { picture: { data: "list" } });
  const [across, down] = [linesOf(picture.width, width, filter), linesOf(picture.height, height, filter)];
  const narrow = new Float32Array(3 * picture.height * width);
  for (let row = 0; row < 3 * picture.height; row++)
    across.forEach(({ first, weights }, x) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * picture.data[row * picture.width + first + k];
      narrow[row * width + x] = sum;
    });
  const data = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++)
    down.forEach(({ first, weights }, y) => {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += weights[k] * narrow[(c * picture.height + first + k) * width + x];
        data[(c * height + y) * width + x] = sum;
      }
    });
  return { data, height, width };
}

/**
 * Blurs a picture by a Gaussian kernel, mirrored at the edges (torchvision's `gaussian_blur`).
 *
 * @param size side of the kernel, odd, at most twice the picture's sides
 * @throws TrainError for a kernel that is even or too large
 */
export function gaussianBlur(picture: FloatPicture, size: number, sigma: number): FloatPicture {
  checkArguments("train.augment.gaussianBlur", TrainError, { picture }, { picture: { data: "list" } });
  const half = (size - 1) / 2;
  if (!Number.isInteger(half) || half >= picture.height || half >= picture.width || !(sigma > 0))
    throw new TrainError("train.augment.gaussianBlur", "size must be odd and fit the picture, sigma above 0", [
      size,
      sigma,
    ]);
  const raw = Float64Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
  const sum = raw.reduce((all, one) => all + one, 0);
  const kernel = raw.map((one) => one / sum);
  const { data, height, width } = picture;
  const rows = blurLines(data, { count: 3 * height, length: width, step: 1, next: width }, kernel);
  const result = new Float32Array(data.length);
  for (let c = 0; c < 3; c++) {
    const channel = rows.subarray(c * height * width, (c + 1) * height * width);
    result.set(blurLines(channel, { count: width, length: height, step: width, next: 1 }, kernel), c * height * width);
  }
  return { ...picture, data: result };
}

/** Lines of an array: how many, how long, the distance of neighbours in a line and of the lines. */
interface Lines {
  count: number;
  length: number;
  step: number;
  next: number;
}

function blurLines(data: Float32Array, { count, length, step, next }: Lines, kernel: Float64Array): Float32Array {
  const half = (kernel.length - 1) / 2;
  const mirrored = (i: number): number => (i < 0 ? -i : i >= length ? 2 * length - 2 - i : i);
  const result = new Float32Array(data.length);
  for (let line = 0; line < count; line++)
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) sum += kernel[k] * data[line * next + mirrored(i + k - half) * step];
      result[line * next + i * step] = sum;
    }
  return result;
}
