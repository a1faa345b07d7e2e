import { principalComponents, project, type Components, type ComponentsOptions } from "../../numeric/components";
import { clamp, joinFloats } from "../../numeric";

/** Values beyond these quantiles are clipped: one odd patch must not wash out all others. */
const CLIP = 0.01;

/** Colors of the patches of several images. */
export interface ComponentColors {
  components: Components;
  /** One image each: `[N, 3]` in 0..255, red, green and blue for the first three components. */
  images: Uint8ClampedArray[];
}

/**
 * The first three principal components of features as red, green and blue, fitted jointly over all images and shown on common
 * scales: equal colors mean equal directions.
 *
 * @param features `[N, channels]` of each image
 * @param options accuracy of the components
 */
export function componentColors(
  features: readonly Float32Array[],
  channels: number,
  options: ComponentsOptions = {},
): ComponentColors {
  const rows = joinFloats(features);
  const dims = Math.min(3, channels, rows.length / channels);
  const components = principalComponents(rows, channels, dims, options);
  const values = project(rows, components);
  const ranges = Array.from({ length: dims }, (_, d) => clippedRange(values.filter((__, i) => i % dims === d)));
  let start = 0;
  const images = features.map((one) => {
    const patches = one.length / channels;
    const part = values.subarray(start * dims, (start + patches) * dims);
    start += patches;
    return colorsOf(part, ranges);
  });
  return { components, images };
}

function clippedRange(values: Float32Array): [low: number, high: number] {
  const sorted = values.sort();
  const last = sorted.length - 1;
  return [sorted[Math.floor(CLIP * last)], sorted[Math.ceil((1 - CLIP) * last)]];
}

/** A component that is missing, of features with fewer channels, is black. */
function colorsOf(values: Float32Array, ranges: readonly [number, number][]): Uint8ClampedArray {
  const dims = ranges.length;
  const colors = new Uint8ClampedArray((values.length / dims) * 3);
  values.forEach((value, i) => {
    const [low, high] = ranges[i % dims];
    colors[3 * Math.floor(i / dims) + (i % dims)] = Math.round(255 * clamp((value - low) / (high - low || 1), 0, 1));
  });
  return colors;
}
