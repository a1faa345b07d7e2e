import type { HostTensor } from "../../backend/types";

/** Largest number of buffers kept for reuse. */
const MOST = 16;

/** Single-precision numbers in one cache line of every supported processor. */
const CACHE_LINE = 16;

/** Rows for the inference thread: `[rows, stride]`, zeros after the first `width` columns. */
export interface StagedRows extends HostTensor {
  type: "float32";
  data: Float32Array;
}

/**
 * Buffers that go to the inference thread and come back. Fresh memory for large tokens costs more than the copy,
 * because the system hands out its pages one by one.
 */
export class Staging {
  /** Free buffers, smallest first. */
  private readonly free: ArrayBuffer[] = [];

  /** Copies the rows `row(i)` into one matrix. */
  gather(rows: number, width: number, row: (index: number) => Float32Array): StagedRows {
    const stride = strideOf(width);
    const data = this.take(rows * stride);
    for (let i = 0, at = 0; i < rows; i++, at += stride) {
      data.set(row(i), at);
      data.fill(0, at + width, at + stride);
    }
    return { type: "float32", data, dims: [rows, stride] };
  }

  /** Copies a whole matrix. */
  copy(values: Float32Array, width: number): StagedRows {
    return this.gather(values.length / width, width, (i) => values.subarray(i * width, (i + 1) * width));
  }

  /** Takes a matrix back. */
  give({ data: { buffer } }: StagedRows): void {
    if (!(buffer instanceof ArrayBuffer)) return;
    const larger = this.free.findIndex(({ byteLength }) => byteLength > buffer.byteLength);
    this.free.splice(larger < 0 ? this.free.length : larger, 0, buffer);
    if (this.free.length > MOST) this.free.shift();
  }

  /** Returns an array of this length; its contents are undefined. */
  private take(length: number): Float32Array {
    const fits = this.free.findIndex(({ byteLength }) => byteLength >= 4 * length);
    const buffer = fits < 0 ? new ArrayBuffer(4 * length) : this.free.splice(fits, 1)[0];
    return new Float32Array(buffer, 0, length);
  }
}

/**
 * Rounds a row up to an odd number of cache lines. Rows at a distance of a power of two compete for the same few places
 * of the cache: a product of 4,096 columns takes 1.4 times as long as one of 4,112.
 */
function strideOf(width: number): number {
  return CACHE_LINE * (Math.ceil(width / CACHE_LINE) | 1);
}
