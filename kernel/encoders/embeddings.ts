import { EncoderError } from "./errors";
import { checkArguments } from "../rules/arguments";
import { describe, Described, DISPLAY, type DisplayBundle } from "../display/describe";
import { joinFloats } from "../numeric";

/** One vector per input: `[B, D]`, row-major, as the model returns them (not of unit length). */
export class Embeddings extends Described {
  /** Sizes of `data`. */
  readonly dims: readonly [batch: number, channels: number];

  constructor(
    /** Values in row-major order of `dims`. */
    readonly data: Float32Array,
    /** Number of inputs. */
    readonly batch: number,
    /** Name of the encoder. */
    readonly encoder: string,
    /** Device that computed them. */
    readonly device: string,
  ) {
    super();
    checkArguments("encoders.Embeddings", EncoderError, { data }, { data: "list" });
    this.dims = [batch, batch ? data.length / batch : 0];
  }

  /** Joins the rows of batches. */
  static from(parts: Float32Array[], batch: number, encoder: string, device: string): Embeddings {
    return new Embeddings(joinFloats(parts), batch, encoder, device);
  }

  /** Returns vector `index`, `[D]` (same memory). */
  vector(index: number): Float32Array {
    const [, channels] = this.dims;
    return this.data.subarray(index * channels, (index + 1) * channels);
  }

  [DISPLAY](): DisplayBundle {
    return describe("Embeddings", [
      ["dims", `[${this.dims.join(", ")}] [B, D]`],
      ["encoder", this.encoder],
      ["device", this.device],
    ]);
  }
}
