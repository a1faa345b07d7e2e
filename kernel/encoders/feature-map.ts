import type { Grid } from "../contracts/geometry";
import { describe, Described, DISPLAY, type DisplayBundle } from "../display/describe";
import { EncoderError } from "./errors";
import type { Geometry } from "./preprocess/preprocess";
import { isWhole } from "../rules/rule-error";
import { checkArguments } from "../rules/arguments";

/** Layout of features. `NCHW`: `[B, C, H, W]`; `NLC`: `[B, H·W, C]`, tokens in raster order. */
export type OutputFormat = "NCHW" | "NLC";

/** Class and register tokens, `[B, P, C]`. */
export interface PrefixTokens {
  data: Float32Array;
  dims: [batch: number, tokens: number, channels: number];
}

/** Fields of a feature map. */
export interface FeatureMapFields {
  data: Float32Array;
  dims: readonly number[];
  format: OutputFormat;
  layer: number;
  encoder: string;
  device: string;
  grid: Grid;
  channels: number;
  prefixTokens?: PrefixTokens;
  geometry: readonly Geometry[];
}

/** Features of a batch of images at one layer of an encoder, on the patch grid. */
export class FeatureMap extends Described {
  /** Values in row-major order of `dims`. */
  readonly data: Float32Array;
  /** Sizes of `data`: `[B, C, H, W]` or `[B, N, C]`, as `format` says. */
  readonly dims: readonly number[];
  /** Order of the axes: `NCHW` or `NLC`. */
  readonly format: OutputFormat;
  /** Number of the block with this output, 0-based. */
  readonly layer: number;
  /** Name of the encoder. */
  readonly encoder: string;
  /** Device that computed them. */
  readonly device: string;
  /** Rows and columns of patches. */
  readonly grid: Grid;
  /** Numbers of each patch's vector. */
  readonly channels: number;
  /** Number of images. */
  readonly batch: number;
  /** Class and register tokens, where requested. */
  readonly prefixTokens?: PrefixTokens;
  /** Placement of each image in the model's input. */
  readonly geometry: readonly Geometry[];

  constructor(fields: FeatureMapFields) {
    super();
    checkArguments(
      "encoders.FeatureMap",
      EncoderError,
      { fields },
      { fields: { data: "list", dims: "list", grid: "list" } },
    );
    this.data = fields.data;
    this.dims = fields.dims;
    this.format = fields.format;
    this.layer = fields.layer;
    this.encoder = fields.encoder;
    this.device = fields.device;
    this.grid = fields.grid;
    this.channels = fields.channels;
    this.batch = fields.dims[0];
    this.prefixTokens = fields.prefixTokens;
    this.geometry = fields.geometry;
  }

  /**
   * Returns the features of image `index` as a batch of one (same memory). Negative indices count from the end.
   *
   * @throws EncoderError for an index out of range
   */
  image(index: number): FeatureMap {
    const i = this.checkImage("encoders.FeatureMap.image", index);
    const size = this.data.length / this.batch;
    const { data, dims } = this;
    const prefix = this.prefixTokens && slicePrefix(this.prefixTokens, i);
    const fields = {
      ...this.fields(),
      data: data.subarray(i * size, (i + 1) * size),
      dims: [1, ...dims.slice(1)],
      geometry: [this.geometry[i]],
    };
    return new FeatureMap({ ...fields, prefixTokens: prefix });
  }

  /** Returns the patch tokens of image `index`, `[N, C]` row-major: a view for `NLC`, a copy for `NCHW`. */
  tokens(index: number): Float32Array {
    const i = this.checkImage("encoders.FeatureMap.tokens", index);
    const size = this.data.length / this.batch;
    const part = this.data.subarray(i * size, (i + 1) * size);
    return this.format === "NLC" ? part : transpose(part, this.channels, size / this.channels);
  }

  [DISPLAY](): DisplayBundle {
    const axes = this.format === "NCHW" ? "[B, C, H, W]" : "[B, N, C]";
    const prefix: [string, string][] = this.prefixTokens
      ? [["prefix tokens", `[${this.prefixTokens.dims.join(", ")}]`]]
      : [];
    return describe("FeatureMap", [
      ["dims", `[${this.dims.join(", ")}] ${axes}`],
      ["layer", String(this.layer)],
      ["grid", this.grid.join(" x ")],
      ...prefix,
      ["encoder", this.encoder],
      ["device", this.device],
    ]);
  }

  private fields(): FeatureMapFields {
    const { data, dims, format, layer, encoder, device, grid, channels, prefixTokens, geometry } = this;
    return { data, dims, format, layer, encoder, device, grid, channels, prefixTokens, geometry };
  }

  private checkImage(fn: string, index: number): number {
    const i = index < 0 ? index + this.batch : index;
    if (!isWhole(i, 0) || i >= this.batch)
      throw new EncoderError(
        fn,
        `image ${index} is out of range, legal images are ${-this.batch}..${this.batch - 1}`,
        index,
      );
    return i;
  }
}

function slicePrefix({ data, dims: [, tokens, channels] }: PrefixTokens, index: number): PrefixTokens {
  const size = tokens * channels;
  return { data: data.subarray(index * size, (index + 1) * size), dims: [1, tokens, channels] };
}

/** Transposes `[rows, columns]` to `[columns, rows]`. */
export function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c];
  return result;
}
