import type { RawImage } from "../data/image";

/** Interpolations, by Pillow's names. */
export type Interpolation = "nearest" | "bilinear" | "bicubic" | "lanczos" | "box" | "hamming";

/** A window of the resized picture, in its pixels. */
export interface Window {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Filter {
  /** Half the filter's width, in source pixels at scale 1. */
  support: number;
  weight(x: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Cubic convolution with a = -1/2 (Keys 1981). */
function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

const FILTERS: Record<Exclude<Interpolation, "nearest">, Filter> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Weights are fixed point with this many fraction bits, so that 255 times their sum fits 32 bits. */
const FRACTION = 22;

/** For each output position: where its taps begin in the source, how many they are, and their fixed-point weights. */
interface Taps {
  first: Int32Array;
  count: Int32Array;
  /** `stride` places an output position, of which the first `count` are used. */
  weights: Int32Array;
  stride: number;
}

function makeTaps(source: number, target: number, from: number, size: number, filter: Filter): Taps {
  const scale = source / target;
  const stretch = Math.max(scale, 1);
  const reach = filter.support * stretch;
  const stride = 2 * Math.ceil(reach) + 1;
  const taps: Taps = {
    first: new Int32Array(size),
    count: new Int32Array(size),
    weights: new Int32Array(size * stride),
    stride,
  };
  for (let i = 0; i < size; i++) {
    const centre = (from + i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(source, Math.trunc(centre + reach + 0.5));
    const weigh = (_: unknown, k: number): number => filter.weight((begin + k - centre + 0.5) / stretch);
    taps.weights.set(fixedPoint(Float64Array.from({ length: end - begin }, weigh)), i * stride);
    taps.first[i] = begin;
    taps.count[i] = end - begin;
  }
  return taps;
}

function fixedPoint(weights: Float64Array): Int32Array {
  const sum = weights.reduce((total, weight) => total + weight, 0) || 1;
  return Int32Array.from(weights, (weight) => Math.round(Math.abs((weight / sum) * 2 ** FRACTION)) * Math.sign(weight));
}

/**
 * Resizes a picture as Pillow does: separable, filter widened when shrinking (antialias), rows first, 8 bits in between.
 * Only `window` of the result is computed. (Pillow 13 takes columns first for some tall pictures; the two orders differ
 * only where a filter's overshoot is clipped in between. libvips, the usual choice in Node, enlarges differently, by up
 * to 12 levels.)
 */
export function resample(
  image: RawImage,
  width: number,
  height: number,
  interpolation: Interpolation,
  window?: Window,
): RawImage {
  const crop = window ?? { left: 0, top: 0, width, height };
  if (interpolation === "nearest") return nearest(image, width, height, crop);
  const filter = FILTERS[interpolation];
  const across = makeTaps(image.width, width, crop.left, crop.width, filter);
  const down = makeTaps(image.height, height, crop.top, crop.height, filter);
  const begin = down.first.reduce((least, first) => Math.min(least, first), image.height);
  const end = down.first.reduce((last, first, i) => Math.max(last, first + down.count[i]), 0);
  const rows = sumAcross(image, across, crop.width, begin, end);
  return { data: sumDown(rows, down, crop, begin), width: crop.width, height: crop.height, channels: 3 };
}

/** Rows `begin..end` of the source, each resized to `width`. Sums stay within 32 bits, which `| 0` tells the compiler. */
function sumAcross(image: RawImage, taps: Taps, width: number, begin: number, end: number): Uint8ClampedArray {
  const rows = new Uint8ClampedArray((end - begin) * width * 3);
  const { data } = image;
  const { first, count, weights, stride } = taps;
  let to = 0;
  for (let y = begin; y < end; y++) {
    const row = 3 * y * image.width;
    for (let x = 0; x < width; x++) {
      let r = 1 << (FRACTION - 1);
      let g = r;
      let b = r;
      let at = row + 3 * first[x];
      const last = x * stride + count[x];
      for (let k = x * stride; k < last; k++) {
        const weight = weights[k];
        r = (r + data[at] * weight) | 0;
        g = (g + data[at + 1] * weight) | 0;
        b = (b + data[at + 2] * weight) | 0;
        at += 3;
      }
      rows[to++] = r >> FRACTION;
      rows[to++] = g >> FRACTION;
      rows[to++] = b >> FRACTION;
    }
  }
  return rows;
}

function sumDown(rows: Uint8ClampedArray, taps: Taps, { width, height }: Window, begin: number): Uint8Array {
  const line = 3 * width;
  const result = new Uint8ClampedArray(height * line);
  const sums = new Int32Array(line);
  for (let y = 0; y < height; y++) {
    sums.fill(1 << (FRACTION - 1));
    for (let k = 0; k < taps.count[y]; k++) {
      const weight = taps.weights[y * taps.stride + k];
      const row = (taps.first[y] - begin + k) * line;
      for (let i = 0; i < line; i++) sums[i] = (sums[i] + rows[row + i] * weight) | 0;
    }
    const to = y * line;
    for (let i = 0; i < line; i++) result[to + i] = sums[i] >> FRACTION;
  }
  return new Uint8Array(result.buffer);
}

function nearest(image: RawImage, width: number, height: number, crop: Window): RawImage {
  const data = new Uint8Array(3 * crop.width * crop.height);
  for (let y = 0; y < crop.height; y++) {
    const from = Math.min(image.height - 1, Math.floor(((crop.top + y + 0.5) * image.height) / height)) * image.width;
    for (let x = 0; x < crop.width; x++) {
      const at = 3 * (from + Math.min(image.width - 1, Math.floor(((crop.left + x + 0.5) * image.width) / width)));
      data.set(image.data.subarray(at, at + 3), 3 * (y * crop.width + x));
    }
  }
  return { data, width: crop.width, height: crop.height, channels: 3 };
}
