/** Most buffers that wait to be used again. */
const MOST = 8;

/**
 * Memory that goes to the inference thread and comes back. A fresh copy of large tokens costs more than the copying: the system
 * hands out its pages one by one.
 */
export class Staging {
  /** Smallest first. */
  private readonly free: ArrayBuffer[] = [];

  /** An array of this length; what it holds is of no meaning. */
  take(length: number): Float32Array {
    const fits = this.free.findIndex(({ byteLength }) => byteLength >= 4 * length);
    const buffer = fits < 0 ? new ArrayBuffer(4 * length) : this.free.splice(fits, 1)[0];
    return new Float32Array(buffer, 0, length);
  }

  /** A copy of `values` in memory of ours. */
  copy(values: Float32Array): Float32Array {
    const out = this.take(values.length);
    out.set(values);
    return out;
  }

  /** Takes an array back. */
  give({ buffer }: { readonly buffer: ArrayBufferLike }): void {
    if (!(buffer instanceof ArrayBuffer)) return;
    const larger = this.free.findIndex(({ byteLength }) => byteLength > buffer.byteLength);
    this.free.splice(larger < 0 ? this.free.length : larger, 0, buffer);
    if (this.free.length > MOST) this.free.shift();
  }
}
