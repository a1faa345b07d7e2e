import type { ColorMapName } from "./color";
import type { ScaleMode } from "./saved";

/** Values of the heat-map: `cosine` is raw, `centered` is the cosine after the image's mean token is taken away. */
export type Similarity = "cosine" | "centered" | "softmax";
export const SIMILARITIES: readonly Similarity[] = ["cosine", "centered", "softmax"];

/**
 * The ends of the colour bar. Absolute: 0..1 for raw cosine (negative values show as 0, and the bar says so) and
 * softmax, -1..1 for centred values. Per view: the smallest and largest value, symmetric about zero when signed.
 */
export function heatRange(similarity: Similarity, scale: ScaleMode, values: ArrayLike<number>): [number, number] {
  const signed = similarity === "centered";
  if (scale === "absolute") return signed ? [-1, 1] : [0, 1];
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  if (!signed) return similarity === "softmax" ? [0, high] : [low, high];
  const most = Math.max(Math.abs(low), Math.abs(high));
  return [-most, most];
}

/** The diverging map for signed values, the chosen one otherwise. */
export function heatColors(similarity: Similarity, chosen: ColorMapName): ColorMapName {
  return similarity === "centered" ? "coolwarm" : chosen === "coolwarm" ? "viridis" : chosen;
}
