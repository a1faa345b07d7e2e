import type { RawImage } from "../../data/image";
import { clamp } from "../../numeric";
import type { Preprocess } from "./preprocess";

/**
 * Turns the normalized pixels of one picture back into a picture: what a model sees, cropped and resized.
 *
 * @param pixels `[3, height, width]` of the plan's input size
 */
export function pictureOf(
  pixels: Float32Array,
  { inputSize: [height, width], mean, std, rescale }: Preprocess,
): RawImage {
  const size = height * width;
  const data = Uint8Array.from({ length: 3 * size }, (_, i) => {
    const value = (pixels[(i % 3) * size + Math.floor(i / 3)] * std[i % 3] + mean[i % 3]) / rescale;
    return Math.round(clamp(value, 0, 255));
  });
  return { data, width, height, channels: 3 };
}
