import type { Preprocess } from "../encoders/preprocess/preprocess";

/** Mean and standard deviation of each channel. */
export interface ChannelStatistics {
  /** Mean of each channel. Default: ImageNet's, as the release. */
  mean?: readonly [number, number, number];
  /** Standard deviation of each channel. Default: ImageNet's. */
  std?: readonly [number, number, number];
}

const MEAN = [0.485, 0.456, 0.406] as const;
const STD = [0.229, 0.224, 0.225] as const;

/** Returns the preparation of pictures, which are stretched to the encoder's size (arXiv 2409.17531, section 4.1). */
export function stretchTo(
  [height, width]: readonly [height: number, width: number],
  { mean = MEAN, std = STD }: ChannelStatistics,
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
