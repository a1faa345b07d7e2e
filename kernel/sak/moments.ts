import { Matrix } from "ml-matrix";
import { tf } from "../backend/tf";
import { meanRow } from "../numeric";

/** Sums over tokens from which mean and covariance follow, in double precision. */
export class Moments {
  private count = 0;
  private readonly sums: Float64Array;
  private readonly products: Float64Array;
  private shift: Float32Array | null = null;

  /** @param full sums of all products of two channels; else of each with itself */
  constructor(
    readonly channels: number,
    readonly full: boolean,
  ) {
    this.sums = new Float64Array(channels);
    this.products = new Float64Array(full ? channels ** 2 : channels);
  }

  /** Adds tokens [N, channels]. The first ones give a shift, so that a large mean costs no precision. */
  add(tokens: Float32Array): void {
    const { channels, full } = this;
    this.shift ??= Float32Array.from(meanRow(tokens, channels));
    const shift = this.shift;
    const parts = tf.tidy(() => {
      const rows = tf.sub(tf.tensor(tokens, [tokens.length / channels, channels]), tf.tensor(shift));
      const products = full ? tf.matMul(rows as never, rows as never, true) : tf.sum(tf.square(rows), 0);
      return [tf.sum(rows, 0).dataSync(), products.dataSync()];
    });
    addTo(this.sums, parts[0]);
    addTo(this.products, parts[1]);
    this.count += tokens.length / channels;
  }

  /** Number of tokens. */
  get tokens(): number {
    return this.count;
  }

  /** Returns the mean of each channel. */
  mean(): Float64Array {
    return this.sums.map((sum, i) => sum / this.count + (this.shift as Float32Array)[i]);
  }

  /** Returns the variance of each channel by 1 / N. */
  variance(): Float64Array {
    const { channels, full } = this;
    return Float64Array.from({ length: channels }, (_, i) => this.central(full ? i * (channels + 1) : i, i, i));
  }

  /** Returns the covariance by 1 / N. */
  covariance(): Matrix {
    const { channels } = this;
    return Matrix.from1DArray(
      channels,
      channels,
      Array.from(this.products, (_, at) => this.central(at, Math.floor(at / channels), at % channels)),
    );
  }

  private central(at: number, i: number, j: number): number {
    return this.products[at] / this.count - (this.sums[i] / this.count) * (this.sums[j] / this.count);
  }
}

function addTo(sums: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}
