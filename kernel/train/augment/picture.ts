import { checkArguments } from "../../rules/arguments";
import { TrainError } from "../error";
import { type Pixels } from "../../contracts/pixels";

/** Picture in single precision, channel by channel: data [3, height, width], values 0 to 1. */
export interface FloatPicture {
  data: Float32Array;
  height: number;
  width: number;
}

/**
 * Returns a decoded picture as {@link FloatPicture}: values divided by 255, grey as three equal channels, without the fourth
 * (torchvision's `to_tensor`).
 */
export function toFloatPicture(picture: Pixels): FloatPicture {
  checkArguments("train.augment.toFloatPicture", TrainError, { picture }, { picture: "object" });
  const { data, height, width, channels } = picture;
  const size = height * width;
  const result = new Float32Array(3 * size);
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < size; i++) result[c * size + i] = data[i * channels + (channels === 1 ? 0 : c)] / 255;
  return { data: result, height, width };
}

/**
 * Returns a picture with mean and standard deviation taken out of each channel (torchvision's `normalize`).
 *
 * @throws TrainError unless there are three means and three deviations above 0
 */
export function normalizePicture(picture: FloatPicture, mean: readonly number[], std: readonly number[]): FloatPicture {
  checkArguments(
    "train.augment.normalizePicture",
    TrainError,
    { picture, mean, std },
    { picture: { data: "list" }, mean: "list", std: "list" },
  );
  const size = picture.height * picture.width;
  if (mean.length !== 3 || std.length !== 3 || std.some((one) => !(one > 0)))
    throw new TrainError("train.augment.normalizePicture", "mean and std must have three values, std above 0", [
      ...mean,
      ...std,
    ]);
  const data = picture.data.map((value, i) => (value - mean[Math.floor(i / size)]) / std[Math.floor(i / size)]);
  return { ...picture, data };
}

/** Applies a function of the three channels of a pixel. */
export function eachPixel(
  picture: FloatPicture,
  change: (r: number, g: number, b: number) => readonly [number, number, number],
): FloatPicture {
  const size = picture.height * picture.width;
  const { data } = picture;
  const result = new Float32Array(data.length);
  for (let i = 0; i < size; i++) {
    const [r, g, b] = change(data[i], data[size + i], data[2 * size + i]);
    result[i] = r;
    result[size + i] = g;
    result[2 * size + i] = b;
  }
  return { ...picture, data: result };
}
