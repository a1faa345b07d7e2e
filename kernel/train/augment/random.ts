import { checkArguments } from "../../rules/arguments";
import { shuffled } from "../../numeric/order";
import type { Prng } from "../../numeric/prng";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { TrainError } from "../error";
import { brightness, contrast, grayscale, hue, saturation, solarize } from "./color";
import { type Crop, cropPicture, flipHorizontally, gaussianBlur, type ResizeFilter, resizePicture } from "./geometry";
import type { FloatPicture } from "./picture";
import { isWhole } from "../../rules/rule-error";

/** Change of a picture that draws its settings from a generator. */
export type Augmentation = (picture: FloatPicture, random: Prng) => FloatPicture;

/** Options of {@link randomResizedCrop}. */
export interface RandomResizedCropOptions {
  /** Area of the crop in parts of the picture's. Default [0.08, 1]. */
  scale?: readonly [least: number, most: number];
  /** Width over height of the crop. Default [3/4, 4/3]. */
  ratio?: readonly [least: number, most: number];
  /** Filter of the resizing. Default `bilinear`. */
  filter?: ResizeFilter;
}

const CROP_NAMES: OptionNames<RandomResizedCropOptions> = { scale: true, ratio: true, filter: true };

/**
 * Draws a crop as torchvision's `RandomResizedCrop.get_params`: area even, ratio even in its logarithm, ten tries, then the largest
 * crop in the middle whose ratio is allowed.
 *
 * @throws TrainError for an unknown option
 */
export function randomCrop(
  size: Pick<FloatPicture, "height" | "width">,
  random: Prng,
  options: RandomResizedCropOptions = {},
): Crop {
  checkArguments("train.augment.randomCrop", TrainError, { size, random }, { size: "object", random: "object" });
  const { height, width } = size;
  checkOptionNames("train.augment.randomCrop", options, CROP_NAMES, TrainError);
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] } = options;
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.range(scale[0], scale[1]);
    const shape = Math.exp(random.range(Math.log(ratio[0]), Math.log(ratio[1])));
    const [w, h] = [Math.round(Math.sqrt(area * shape)), Math.round(Math.sqrt(area / shape))];
    if (w > 0 && w <= width && h > 0 && h <= height)
      return { top: random.int(height - h + 1), left: random.int(width - w + 1), height: h, width: w };
  }
  const own = width / height;
  const [h, w] =
    own < ratio[0]
      ? [Math.round(width / ratio[0]), width]
      : own > ratio[1]
        ? [height, Math.round(height * ratio[1])]
        : [height, width];
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}

/**
 * Crops at random and resizes to a square of `size` pixels (torchvision's `RandomResizedCrop`, arXiv 1409.4842).
 *
 * @throws TrainError for a size that is no whole number
 */
export function randomResizedCrop(size: number, options: RandomResizedCropOptions = {}): Augmentation {
  checkOptionNames("train.augment.randomResizedCrop", options, CROP_NAMES, TrainError);
  if (!isWhole(size))
    throw new TrainError("train.augment.randomResizedCrop", "size must be a whole number of at least 1", size);
  return (picture, random) =>
    resizePicture(cropPicture(picture, randomCrop(picture, random, options)), size, size, options.filter);
}

/** Mirrors with probability `p`, default 0.5. */
export const randomFlip =
  (p = 0.5): Augmentation =>
  (picture, random) =>
    random.chance(p) ? flipHorizontally(picture) : picture;

/** Largest changes of {@link colorJitter}: a factor in [1 - v, 1 + v], for the hue a turn in [-v, v]. */
export interface ColorJitterOptions {
  /** Default 0. */
  brightness?: number;
  /** Default 0. */
  contrast?: number;
  /** Default 0. */
  saturation?: number;
  /** Default 0, at most 0.5. */
  hue?: number;
  /** Probability of any change. Default 1. */
  p?: number;
}

const JITTER_NAMES: OptionNames<ColorJitterOptions> = {
  brightness: true,
  contrast: true,
  saturation: true,
  hue: true,
  p: true,
};

/**
 * Changes brightness, contrast, saturation and hue at random, in a random order (torchvision's `ColorJitter`).
 *
 * @throws TrainError for a change below 0, or a hue above 0.5
 */
export function colorJitter(options: ColorJitterOptions): Augmentation {
  checkOptionNames("train.augment.colorJitter", options, JITTER_NAMES, TrainError);
  const { brightness: b = 0, contrast: c = 0, saturation: s = 0, hue: h = 0, p = 1 } = options;
  if ([b, c, s, h].some((value) => !(value >= 0)) || h > 0.5)
    throw new TrainError("train.augment.colorJitter", "changes must be at least 0, hue at most 0.5", [b, c, s, h]);
  const changes: [apply: (picture: FloatPicture, value: number) => FloatPicture, least: number, most: number][] = [
    [brightness, Math.max(0, 1 - b), 1 + b],
    [contrast, Math.max(0, 1 - c), 1 + c],
    [saturation, Math.max(0, 1 - s), 1 + s],
    [hue, -h, h],
  ];
  const used = changes.filter(([, least, most]) => least < most);
  return (picture, random) => {
    if (!random.chance(p)) return picture;
    return shuffled(used, () => random.next()).reduce(
      (at, [apply, least, most]) => apply(at, random.range(least, most)),
      picture,
    );
  };
}

/** Makes a picture grey with probability `p`, default 0.1 (torchvision's `RandomGrayscale`). */
export const randomGrayscale =
  (p = 0.1): Augmentation =>
  (picture, random) =>
    random.chance(p) ? grayscale(picture) : picture;

/** Options of {@link randomBlur}. */
export interface RandomBlurOptions {
  /** Side of the kernel in pixels, odd. Default 9. */
  size?: number;
  /** Standard deviation in pixels. Default [0.1, 2]. */
  sigma?: readonly [least: number, most: number];
  /** Probability. Default 0.5. */
  p?: number;
}

/**
 * Blurs with a random strength (torchvision's `GaussianBlur`; DINO, arXiv 2104.14294).
 *
 * @throws TrainError for an unknown option
 */
export function randomBlur(options: RandomBlurOptions = {}): Augmentation {
  checkOptionNames("train.augment.randomBlur", options, { size: true, sigma: true, p: true }, TrainError);
  const { size = 9, sigma = [0.1, 2], p = 0.5 } = options;
  return (picture, random) =>
    random.chance(p) ? gaussianBlur(picture, size, random.range(sigma[0], sigma[1])) : picture;
}

/** Options of {@link randomSolarize}. */
export interface RandomSolarizeOptions {
  /** Value from which a channel is inverted. Default 0.5. */
  threshold?: number;
  /** Probability. Default 0.2. */
  p?: number;
}

/**
 * Inverts bright values at random (torchvision's `RandomSolarize`).
 *
 * @throws TrainError for an unknown option
 */
export function randomSolarize(options: RandomSolarizeOptions = {}): Augmentation {
  checkOptionNames("train.augment.randomSolarize", options, { threshold: true, p: true }, TrainError);
  const { threshold = 0.5, p = 0.2 } = options;
  return (picture, random) => (random.chance(p) ? solarize(picture, threshold) : picture);
}

/**
 * Applies augmentations one after the other.
 *
 *     const augment = train.augment.compose(train.augment.randomResizedCrop(64), train.augment.randomFlip());
 *     const picture = augment(train.augment.toFloatPicture(image), new nn.Prng(seed, `epoch ${epoch} ${index}`));
 */
export const compose =
  (...steps: readonly Augmentation[]): Augmentation =>
  (picture, random) =>
    steps.reduce((at, step) => step(at, random), picture);
