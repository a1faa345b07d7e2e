import type { NormParameters } from "../onnx";
import { FeatureMap, type FeatureMapFields, type OutputFormat, transpose } from "./feature-map";
import type { TokenLayout } from "./layout";
import type { FloatTensor } from "./network";
import { applyNorm } from "./norm";

/** What does not depend on the layer's numbers. */
export type FeatureSource = Pick<FeatureMapFields, "encoder" | "device" | "geometry" | "layer">;

/** Gathers one layer's stream over batches, prefix tokens apart from patch tokens, channels last. */
export class Collector {
  private readonly spatial: Float32Array;
  private readonly prefix: Float32Array;

  constructor(
    private readonly images: number,
    private readonly layout: TokenLayout,
  ) {
    const { grid, prefixTokens, channels } = layout;
    this.spatial = new Float32Array(images * grid[0] * grid[1] * channels);
    this.prefix = new Float32Array(images * prefixTokens * channels);
  }

  /** Takes the first `count` images of a batch as images `start`, `start + 1`, … */
  add(stream: FloatTensor, start: number, count: number): void {
    const { grid, channels, channelsFirst } = this.layout;
    const [prefix, spatial] = [this.prefix.length / this.images, this.spatial.length / this.images];
    for (let i = 0; i < count; i++) {
      const at = i * (prefix + spatial);
      const tokens = stream.data.subarray(at + prefix, at + prefix + spatial);
      this.prefix.set(stream.data.subarray(at, at + prefix), (start + i) * prefix);
      this.spatial.set(channelsFirst ? transpose(tokens, channels, grid[0] * grid[1]) : tokens, (start + i) * spatial);
    }
  }

  /** The layer as a feature map; `norm` is applied to copies, as the last layer is also the source of `final`. */
  featureMap(
    source: FeatureSource,
    options: { outputFmt: OutputFormat; returnPrefixTokens: boolean },
    norm: NormParameters | null,
  ): FeatureMap {
    const { grid, channels, prefixTokens } = this.layout;
    const [rows, columns] = grid;
    const tokens = normed(this.spatial, channels, norm);
    const fields = { ...source, grid, channels, format: options.outputFmt };
    const prefix = options.returnPrefixTokens
      ? {
          data: normed(this.prefix, channels, norm),
          dims: [this.images, prefixTokens, channels] as [number, number, number],
        }
      : undefined;
    if (options.outputFmt === "NLC")
      return new FeatureMap({
        ...fields,
        data: tokens,
        dims: [this.images, rows * columns, channels],
        prefixTokens: prefix,
      });
    const data = channelsFirst(tokens, this.images, rows * columns, channels);
    return new FeatureMap({ ...fields, data, dims: [this.images, channels, rows, columns], prefixTokens: prefix });
  }
}

function normed(tokens: Float32Array, channels: number, norm: NormParameters | null): Float32Array {
  if (!norm) return tokens;
  const copy = tokens.slice();
  applyNorm(copy, channels, norm);
  return copy;
}

/** `[B, N, C]` to `[B, C, N]`. */
function channelsFirst(tokens: Float32Array, batch: number, count: number, channels: number): Float32Array {
  const result = new Float32Array(tokens.length);
  const size = count * channels;
  for (let b = 0; b < batch; b++)
    result.set(transpose(tokens.subarray(b * size, (b + 1) * size), count, channels), b * size);
  return result;
}
