import { TrainError } from "../error";
import { checkArguments } from "../../rules/arguments";
import { eachPixel, type FloatPicture } from "./picture";
import { clamp, mean } from "../../numeric";

const unit = (value: number): number => clamp(value, 0, 1);

/** Returns the grey value of a pixel, with torchvision's weights. */
const grayOf = (r: number, g: number, b: number): number => 0.2989 * r + 0.587 * g + 0.114 * b;

/** Blends a picture with another of its size: ratio · picture + (1 - ratio) · other, cut to 0..1. */
function blend(picture: FloatPicture, other: (i: number) => number, ratio: number): FloatPicture {
  return { ...picture, data: picture.data.map((value, i) => unit(ratio * value + (1 - ratio) * other(i))) };
}

/** Returns a picture in grey, three equal channels (torchvision's `rgb_to_grayscale`). */
export const grayscale = (picture: FloatPicture): FloatPicture =>
  eachPixel(picture, (r, g, b) => {
    const gray = grayOf(r, g, b);
    return [gray, gray, gray];
  });

/** Multiplies the brightness (torchvision's `adjust_brightness`). @param factor 0 is black, 1 the picture */
export const brightness = (picture: FloatPicture, factor: number): FloatPicture => blend(picture, () => 0, factor);

/** Multiplies the distance from the mean grey (torchvision's `adjust_contrast`). @param factor 0 is grey, 1 the picture */
export function contrast(picture: FloatPicture, factor: number): FloatPicture {
  checkArguments("train.augment.contrast", TrainError, { picture }, { picture: { data: "list" } });
  const gray = grayscale(picture).data.subarray(0, picture.height * picture.width);
  const middle = mean(gray);
  return blend(picture, () => middle, factor);
}

/** Multiplies the distance from grey (torchvision's `adjust_saturation`). @param factor 0 is grey, 1 the picture */
export function saturation(picture: FloatPicture, factor: number): FloatPicture {
  checkArguments("train.augment.saturation", TrainError, { picture }, { picture: { data: "list" } });
  const { data } = grayscale(picture);
  return blend(picture, (i) => data[i], factor);
}

/** Turns the hue (torchvision's `adjust_hue`). @param turn part of the colour circle, -0.5 to 0.5 */
export const hue = (picture: FloatPicture, turn: number): FloatPicture =>
  eachPixel(picture, (r, g, b) => {
    const [h, s, v] = toHsv(r, g, b);
    return fromHsv(modulo(h + turn, 1), s, v);
  });

const modulo = (value: number, by: number): number => value - Math.floor(value / by) * by;

/** Returns hue, saturation and value, each 0 to 1, by Pillow's formula. */
function toHsv(r: number, g: number, b: number): [h: number, s: number, v: number] {
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  if (most === least) return [0, 0, most];
  const [rc, gc, bc] = [r, g, b].map((one) => (most - one) / (most - least));
  const sixth = most === r ? bc - gc : most === g ? 2 + rc - bc : 4 + gc - rc;
  return [(sixth / 6 + 1) % 1, (most - least) / most, most];
}

function fromHsv(h: number, s: number, v: number): readonly [number, number, number] {
  const sector = Math.floor(h * 6);
  const f = h * 6 - sector;
  const [p, q, t] = [v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))].map(unit);
  const colors = [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ] as const;
  return colors[sector % 6];
}

/** Inverts values from `threshold` on (torchvision's `solarize`). @param threshold default 0.5 */
export const solarize = (picture: FloatPicture, threshold = 0.5): FloatPicture => ({
  ...picture,
  data: picture.data.map((value) => (value >= threshold ? 1 - value : value)),
});
