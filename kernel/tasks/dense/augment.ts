import { checkArguments } from "../../rules/arguments";
import type { DenseSample } from "../../data/dense/layout";
import type { DenseValues } from "../../data/dense/values";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import type { Prng } from "../../numeric/prng";
import { TaskError } from "../error";
import { type DenseTask, IGNORE } from "./facts";
import { distort } from "./photometric";
import { clamp } from "../../numeric";
import { isWhole } from "../../rules/rule-error";

/** Options of {@link augment}. */
export interface AugmentOptions {
  /** Height and width of the result. */
  size: readonly [height: number, width: number];
  /** Generator of the choices; the same state gives the same picture. */
  random: Prng;
  /** Range of the factor of the sides. Default 0.5 to 2. */
  scale?: readonly [least: number, most: number];
  /** Largest share of one class in a crop. Default 0.75. */
  mostOfOneClass?: number;
  /** Probability of a mirrored picture. Default 0.5. */
  flip?: number;
  /** Changes of brightness, contrast, saturation and hue. Default true. */
  photometric?: boolean;
}

/** A picture with its labels, ready for a batch. */
export interface AugmentedSample {
  readonly name: string;
  /** [height, width, 3], levels 0..255; padding has the mean of ImageNet. */
  readonly image: Float32Array;
  readonly width: number;
  readonly height: number;
  /** [height, width, channels] by task; pixels of the padding do not count. */
  readonly labels: Readonly<Partial<Record<DenseTask, DenseValues>>>;
}

const NAMES: OptionNames<AugmentOptions> = {
  size: true,
  random: true,
  scale: true,
  mostOfOneClass: true,
  flip: true,
  photometric: true,
};
const FN = "tasks.dense.augment";
/** Tries for a crop that is not of one class. */
const TRIES = 10;
/** Mean levels of ImageNet, so that padding is zero after normalization. */
const FILL = [123.675, 116.28, 103.53] as const;

/** Part of the scaled picture that is shown, and its place in the result. */
interface View {
  readonly scaleX: number;
  readonly scaleY: number;
  /** Pixel of the scaled picture at the result's corner; negative where there is padding. */
  readonly left: number;
  readonly top: number;
  readonly mirrored: boolean;
  readonly scaledWidth: number;
  readonly scaledHeight: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Augments a picture and its labels as in the training of arXiv 2410.14633: scaled by 0.5 to 2 (depths are divided by the factor),
 * cropped with at most 75 % of one class in ten tries, mirrored (with the x of the normals negated), distorted in its colors and
 * padded around its center. Pictures are sampled bilinearly, labels by the nearest pixel.
 *
 * @throws TaskError for an option outside its range
 */
export function augment(sample: DenseSample, options: AugmentOptions): AugmentedSample {
  checkArguments("tasks.dense.augment", TaskError, { sample }, { sample: { image: "object", labels: "object" } });
  checkOptionNames(FN, options, NAMES, TaskError);
  const { size, random, scale = [0.5, 2], flip = 0.5, photometric = true } = options;
  check(size, scale);
  checkShare("flip", flip);
  checkShare("mostOfOneClass", options.mostOfOneClass ?? 0.75);
  const factor = random.range(scale[0], scale[1]);
  const plain = chooseCrop(sample, size, factor, random, options.mostOfOneClass ?? 0.75);
  const view = { ...plain, mirrored: random.chance(flip) };
  const pixels = paint(sample.image.data, sample.image.width, sample.image.height, view);
  if (photometric) distort(pixels, random);
  const image = pad(pixels);
  const labels: Partial<Record<DenseTask, DenseValues>> = {};
  for (const [task, label] of Object.entries(sample.labels) as [DenseTask, DenseValues][])
    labels[task] = relabel(task, label, view, factor);
  return { name: sample.name, image, width: view.width, height: view.height, labels };
}

function check(size: readonly number[], [least, most]: readonly [number, number]): void {
  if (size.length !== 2 || !size.every((side) => isWhole(side)))
    throw new TaskError(FN, "size must be a height and a width of at least 1", [...size]);
  if (!(least > 0 && most >= least && most < Infinity))
    throw new TaskError(FN, "scale must be a range above 0", [least, most]);
}

function checkShare(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new TaskError(FN, `${name} must lie in 0..1`, value);
}

function chooseCrop(
  sample: DenseSample,
  size: readonly [number, number],
  factor: number,
  random: Prng,
  most: number,
): View {
  const { width: oldWidth, height: oldHeight } = sample.image;
  const [scaledWidth, scaledHeight] = [oldWidth, oldHeight].map((side) => Math.max(1, Math.round(side * factor)));
  const [height, width] = size;
  const base = { scaledWidth, scaledHeight, width, height, mirrored: false };
  const scales = { scaleX: scaledWidth / oldWidth, scaleY: scaledHeight / oldHeight };
  const classes = sample.labels.semseg;
  for (let tries = 1; ; tries++) {
    const view = {
      ...base,
      ...scales,
      left: corner(scaledWidth, width, random),
      top: corner(scaledHeight, height, random),
    };
    if (!classes || tries === TRIES || shareOfOne(classes, view) <= most) return view;
  }
}

/** Returns where a crop begins; a picture that is smaller lies in the center. */
function corner(scaled: number, shown: number, random: Prng): number {
  return scaled > shown ? random.int(scaled - shown + 1) : -Math.floor((shown - scaled) / 2);
}

/** Returns the share of the most frequent class among the labelled pixels. */
function shareOfOne(label: DenseValues, view: View): number {
  const counts = new Map<number, number>();
  let total = 0;
  eachPixel(view, label, (_, x, y) => {
    const value = label.data[y * label.width + x];
    if (value === IGNORE) return;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    total++;
  });
  return total === 0 ? 0 : [...counts.values()].reduce((a, b) => Math.max(a, b), 0) / total;
}

type Old = { readonly width: number; readonly height: number };

/** Calls back with each pixel of the result that shows the picture, and the nearest old pixel. */
function eachPixel(view: View, old: Old, body: (at: number, x: number, y: number) => void): void {
  const { left, top, width, height, scaledWidth, scaledHeight, scaleX, scaleY, mirrored } = view;
  for (let row = 0; row < height; row++) {
    const down = row + top;
    if (down < 0 || down >= scaledHeight) continue;
    const y = Math.min(old.height - 1, Math.floor((down + 0.5) / scaleY));
    for (let column = 0; column < width; column++) {
      const along = (mirrored ? width - 1 - column : column) + left;
      if (along < 0 || along >= scaledWidth) continue;
      body(row * width + column, Math.min(old.width - 1, Math.floor((along + 0.5) / scaleX)), y);
    }
  }
}

/** Samples the picture bilinearly; padding is NaN. */
function paint(data: Uint8Array, oldWidth: number, oldHeight: number, view: View): Float32Array {
  const { width, height, left, top, scaleX, scaleY, mirrored } = view;
  const out = new Float32Array(width * height * 3).fill(NaN);
  eachPixel(view, { width: oldWidth, height: oldHeight }, (at) => {
    const column = at % width;
    const x = ((mirrored ? width - 1 - column : column) + left + 0.5) / scaleX - 0.5;
    const y = (Math.floor(at / width) + top + 0.5) / scaleY - 0.5;
    const sides = [clamp(Math.floor(x), 0, oldWidth - 1), clamp(Math.floor(x) + 1, 0, oldWidth - 1)];
    const rows = [clamp(Math.floor(y), 0, oldHeight - 1), clamp(Math.floor(y) + 1, 0, oldHeight - 1)];
    const [dx, dy] = [x - Math.floor(x), y - Math.floor(y)];
    for (let c = 0; c < 3; c++) {
      const level = (i: number, j: number): number => data[(rows[j] * oldWidth + sides[i]) * 3 + c];
      const upper = level(0, 0) * (1 - dx) + level(1, 0) * dx;
      out[at * 3 + c] = upper * (1 - dy) + (level(0, 1) * (1 - dx) + level(1, 1) * dx) * dy;
    }
  });
  return out;
}

const pad = (pixels: Float32Array): Float32Array =>
  pixels.map((value, at) => (Number.isNaN(value) ? FILL[at % 3] : value));

/** Returns the value of a label's pixels in the padding. */
const blankOf = (task: DenseTask): number => (task === "normals" || task === "depth" ? 0 : IGNORE);

function relabel(task: DenseTask, label: DenseValues, view: View, factor: number): DenseValues {
  const { channels, data } = label;
  const { width, height, mirrored } = view;
  const out = new Float64Array(width * height * channels).fill(blankOf(task));
  eachPixel(view, label, (at, x, y) => {
    for (let c = 0; c < channels; c++) {
      const value = data[(y * label.width + x) * channels + c];
      const turned = task === "normals" && mirrored && c === 0 ? 0 - value : value;
      out[at * channels + c] = task === "depth" ? turned / factor : turned;
    }
  });
  return { data: out, width, height, channels };
}
