import type { Grid } from "../contracts/geometry";
import { describe, Described, DISPLAY, type DisplayBundle } from "../display/describe";
import { EncoderError } from "./errors";
import type { TokenLayout } from "./layout";
import type { FloatTensor } from "./network";
import type { Geometry } from "./preprocess/preprocess";
import { joinFloats } from "../numeric";
import { isWhole } from "../rules/rule-error";

/** Fields of an attention map. */
interface AttentionSource {
  layer: number;
  encoder: string;
  device: string;
  layout: TokenLayout;
  geometry: readonly Geometry[];
}

/** Attention probabilities of one block, `[B, heads, N, N]`: each row, over the tokens attended to, sums to 1. */
export class AttentionMap extends Described {
  /** Sizes of `data`. */
  readonly dims: readonly [batch: number, heads: number, tokens: number, tokens: number];
  /** Number of class and register tokens, which come first among the N tokens. */
  readonly prefixTokens: number;
  /** Rows and columns of patches. */
  readonly grid: Grid;
  /** Number of the block, 0-based. */
  readonly layer: number;
  /** Name of the encoder. */
  readonly encoder: string;
  /** Device that computed it. */
  readonly device: string;
  /** Placement of each image in the model's input. */
  readonly geometry: readonly Geometry[];

  private constructor(
    /** Probabilities in row-major order of `dims`; each row of the last axis sums to 1. */
    readonly data: Float32Array,
    heads: number,
    source: AttentionSource,
  ) {
    super();
    const { layer, encoder, device, layout, geometry } = source;
    [this.layer, this.encoder, this.device, this.geometry] = [layer, encoder, device, geometry];
    [this.prefixTokens, this.grid] = [layout.prefixTokens, layout.grid];
    const tokens = layout.prefixTokens + layout.grid[0] * layout.grid[1];
    this.dims = [geometry.length, heads, tokens, tokens];
  }

  /**
   * Joins the batches of one block. Throws `EncoderError` where attention is over windows instead of the whole grid.
   *
   * @internal
   */
  static from(parts: FloatTensor[], source: AttentionSource): AttentionMap {
    const { layout, geometry, layer } = source;
    const tokens = layout.prefixTokens + layout.grid[0] * layout.grid[1];
    const square = parts.every(({ dims }) => dims[dims.length - 1] === tokens && dims[dims.length - 2] === tokens);
    if (!square)
      throw new EncoderError(
        "encoders.Encoder.attention",
        `layer ${layer} must attend over ${tokens} tokens (windowed attention does not)`,
        parts[0].dims,
      );
    const data = joinFloats(parts.map((part) => part.data));
    return new AttentionMap(data, data.length / Math.max(1, geometry.length) / tokens ** 2, source);
  }

  /**
   * Returns the attention of one token over the patches: `[rows, columns]` row-major (same memory).
   *
   * @param token index among the N tokens: 0 is the class token where there is one
   * @throws EncoderError for an index out of range
   */
  row(image: number, head: number, token: number): Float32Array {
    const [batch, heads, tokens] = this.dims;
    const place = [image, head, token];
    const legal = [batch, heads, tokens].every((size, i) => isWhole(place[i], 0) && place[i] < size);
    if (!legal)
      throw new EncoderError(
        "encoders.AttentionMap.row",
        `image, head and token must lie in ${batch}, ${heads}, ${tokens}`,
        place,
      );
    const start = ((image * heads + head) * tokens + token) * tokens;
    return this.data.subarray(start + this.prefixTokens, start + tokens);
  }

  [DISPLAY](): DisplayBundle {
    return describe("AttentionMap", [
      ["dims", `[${this.dims.join(", ")}] [B, heads, N, N]`],
      ["layer", String(this.layer)],
      ["grid", `${this.grid.join(" x ")} after ${this.prefixTokens} prefix tokens`],
      ["encoder", this.encoder],
      ["device", this.device],
    ]);
  }
}
