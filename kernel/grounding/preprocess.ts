import type { Preprocess } from "../encoders/preprocess/preprocess";
import { IMAGENET } from "../encoders/preprocess/statistics";

/** Mean and standard deviation of each channel. */
export interface ChannelStatistics {
  /** Mean of each channel. Default: ImageNet's, as the release. */
  mean?: readonly [number, number, number];
  /** Standard deviation of each channel. Default: ImageNet's. */
  std?: readonly [number, number, number];
}

/** Returns the preparation of pictures, which are stretched to the encoder's size (arXiv 2409.17531, section 4.1). */
export function stretchTo(
  [height, width]: readonly [height: number, width: number],
  { mean = IMAGENET.mean, std = IMAGENET.std }: ChannelStatistics,
): Preprocess {
  return {
    inputSize: [height, width],
    resize: "stretch",
    resizeTo: [height, width],
    align: "center",
    interpolation: "bilinear",
    mean: [...mean],
    std: [...std],
    rescale: 1 / 255,
    fill: 0,
    cropRounding: "down",
  };
}
