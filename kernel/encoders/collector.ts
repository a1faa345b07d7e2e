import type { NormParameters } from "../onnx/norms";
import { EncoderError } from "./errors";
import { FeatureMap, type FeatureMapFields, type OutputFormat, type PrefixTokens, transpose } from "./feature-map";
import type { TokenLayout } from "./layout";
import type { FloatTensor } from "./network";

/** Fields of a feature map that do not depend on the layer's numbers. */
export type FeatureSource = Pick<FeatureMapFields, "encoder" | "device" | "geometry" | "layer">;

/** Tensor to take out of the graph. */
export interface Tap {
  layer: number;
  /** Name of the tensor. */
  tensor: string;
  layout: TokenLayout;
  /** Layout of the tensor: the stream itself, or its heads. */
  form: "stream" | "heads" | "heads-transposed";
}

/** Collects one tensor over batches. Prefix tokens are apart from patch tokens; channels come last. */
export class Collector {
  private spatial = new Float32Array(0);
  private prefix = new Float32Array(0);
  private channels: number;

  constructor(
    readonly tap: Tap,
    private readonly images: number,
  ) {
    this.channels = tap.layout.channels;
  }

  /** Adds the first `count` images of a batch as images `start`, `start + 1`, … */
  add(output: FloatTensor, start: number, count: number): void {
    const { grid, prefixTokens } = this.tap.layout;
    const tokens = output.data.length / output.dims[0] / this.channelsOf(output);
    if (tokens !== prefixTokens + grid[0] * grid[1]) throw this.notOnGrid(output.dims);
    if (!start) this.allocate(this.channelsOf(output));
    const [prefix, spatial] = [prefixTokens * this.channels, grid[0] * grid[1] * this.channels];
    const size = prefix + spatial;
    for (let i = 0; i < count; i++) {
      const image = imageTokens(output.data.subarray(i * size, (i + 1) * size), this.tap, output.dims);
      this.prefix.set(image.subarray(0, prefix), (start + i) * prefix);
      this.spatial.set(image.subarray(prefix), (start + i) * spatial);
    }
  }

  private allocate(channels: number): void {
    const { grid, prefixTokens } = this.tap.layout;
    this.channels = channels;
    this.prefix = new Float32Array(this.images * prefixTokens * channels);
    this.spatial = new Float32Array(this.images * grid[0] * grid[1] * channels);
  }

  /** Returns the channels of a token, all heads together. */
  private channelsOf({ data, dims }: FloatTensor): number {
    const { form, layout } = this.tap;
    if (form === "stream" || dims.length === 3) return form === "stream" ? layout.channels : dims[2];
    const tokens = layout.prefixTokens + layout.grid[0] * layout.grid[1];
    const depth = dims[form === "heads" ? 3 : 2];
    return dims[form === "heads" ? 2 : 3] === tokens ? dims[1] * depth : data.length;
  }

  private notOnGrid(dims: number[]): EncoderError {
    const { layer, layout } = this.tap;
    const place = `${layout.grid.join(" x ")} patches and ${layout.prefixTokens} prefix tokens`;
    return new EncoderError(
      "encoders.Encoder.forwardIntermediates",
      `layer ${layer} must cover ${place} (windowed attention does not)`,
      dims,
    );
  }

  /**
   * Returns the layer as a feature map. `norm` is applied to copies, because the last layer is also the source of
   * `final`.
   */
  featureMap(
    source: Omit<FeatureSource, "layer">,
    options: { outputFmt: OutputFormat; returnPrefixTokens: boolean },
    norm: NormParameters | null,
  ): FeatureMap {
    const { channels, images } = this;
    const { grid, prefixTokens } = this.tap.layout;
    const count = grid[0] * grid[1];
    const tokens = normed(this.spatial, channels, norm);
    const fields = { ...source, layer: this.tap.layer, grid, channels, format: options.outputFmt };
    const prefix: PrefixTokens = { data: this.prefix, dims: [images, prefixTokens, channels] };
    const prefixTokensOf = options.returnPrefixTokens
      ? { ...prefix, data: normed(this.prefix, channels, norm) }
      : undefined;
    const isFirst = options.outputFmt === "NCHW";
    return new FeatureMap({
      ...fields,
      data: isFirst ? channelsFirst(tokens, images, count, channels) : tokens,
      dims: isFirst ? [images, channels, ...grid] : [images, count, channels],
      prefixTokens: prefixTokensOf,
    });
  }
}

/** Returns one image's part of an output as `[N, C]`. */
function imageTokens(part: Float32Array, { form, layout }: Tap, dims: number[]): Float32Array {
  if (form === "stream")
    return layout.channelsFirst ? transpose(part, layout.channels, part.length / layout.channels) : part;
  if (dims.length === 3) return part;
  const [, heads, rows, columns] = dims;
  const transposed = form === "heads-transposed";
  const [count, depth] = transposed ? [columns, rows] : [rows, columns];
  const tokens = new Float32Array(part.length);
  for (let h = 0; h < heads; h++)
    for (let n = 0; n < count; n++)
      for (let d = 0; d < depth; d++)
        tokens[(n * heads + h) * depth + d] = part[h * rows * columns + (transposed ? d * count + n : n * depth + d)];
  return tokens;
}

function normed(tokens: Float32Array, channels: number, norm: NormParameters | null): Float32Array {
  if (!norm) return tokens;
  const width = norm.scale?.length ?? channels;
  if (width !== channels)
    throw new EncoderError(
      "encoders.Encoder.forwardIntermediates",
      `the final norm takes ${width} channels, use norm: false`,
      channels,
    );
  const copy = tokens.slice();
  applyNorm(copy, channels, norm);
  return copy;
}

/** Transposes `[B, N, C]` to `[B, C, N]`. */
function channelsFirst(tokens: Float32Array, batch: number, count: number, channels: number): Float32Array {
  const result = new Float32Array(tokens.length);
  const size = count * channels;
  for (let b = 0; b < batch; b++)
    result.set(transpose(tokens.subarray(b * size, (b + 1) * size), count, channels), b * size);
  return result;
}

/**
 * Normalises every token in place over its channels: `y = (x - mean) / √(var + ε) · scale + bias`, with sums in double
 * precision; `rms` has neither mean nor bias.
 *
 * @param tokens `[…, C]` row-major
 */
export function applyNorm(tokens: Float32Array, channels: number, norm: NormParameters): void {
  for (let start = 0; start < tokens.length; start += channels)
    normToken(tokens.subarray(start, start + channels), norm);
}

function normToken(token: Float32Array, { kind, epsilon, scale, bias }: NormParameters): void {
  const mean = kind === "layer" ? sum(token, (x) => x) / token.length : 0;
  const variance = sum(token, (x) => (x - mean) * (x - mean)) / token.length;
  const factor = 1 / Math.sqrt(variance + epsilon);
  for (let c = 0; c < token.length; c++)
    token[c] = (token[c] - mean) * factor * (scale ? scale[c] : 1) + (bias ? bias[c] : 0);
}

function sum(values: Float32Array, of: (x: number) => number): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += of(values[i]);
  return total;
}
