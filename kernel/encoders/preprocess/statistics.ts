/** Mean and standard deviation of the pixel values of each color channel, in 0..1. */
export interface Statistics {
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

export const IMAGENET: Statistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
export const CLIP: Statistics = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
export const HALF: Statistics = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
