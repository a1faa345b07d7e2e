import { platform } from "../../platform";
import { DeviceError } from "../types";

/** Time without use after which unused memory is given back. */
const IDLE_MS = 10_000;
/** Memory of the pool and of tensors together, in parts of the most that tensors have needed. */
const POOL_SHARE = 1.25;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * Memory of tensors: arrays by exact length, taken again after use, because a new one of many megabytes costs more than
 * most operations on it. Unused arrays are bounded by the most that was in use at once, and are given back after ten
 * idle seconds.
 */
export class Memory {
  /** Bytes in use. */
  live = 0;
  /** Bytes kept for use. */
  pooled = 0;
  private peak = 0;
  /** Unused arrays by length, the length used last at the end. */
  private readonly free = new Map<number, Float32Array<ArrayBuffer>[]>();
  private used = false;
  private watched = false;

  /** @param limit largest number of bytes in use */
  constructor(public limit: number) {}

  /** Returns an array; contents are undefined. */
  take(length: number): Float32Array<ArrayBuffer> {
    const bytes = length * BYTES;
    this.add(bytes);
    const found = this.free.get(length);
    const array = found?.pop();
    if (array) {
      this.pooled -= bytes;
      if (!found?.length) this.free.delete(length);
      return array;
    }
    this.bound(this.peak * POOL_SHARE - this.live);
    return this.allocate(length);
  }

  /** Counts bytes that someone else allocated. */
  add(bytes: number): void {
    if (this.live + bytes > this.limit) this.refuse(bytes);
    this.live += bytes;
    this.peak = Math.max(this.peak, this.live);
  }

  /** Counts bytes as unused. */
  remove(bytes: number): void {
    this.live -= bytes;
  }

  /** Takes an array back, counted as unused. */
  give(array: Float32Array<ArrayBuffer>): void {
    const { length, byteLength } = array;
    this.live -= byteLength;
    const others = this.free.get(length);
    this.free.delete(length);
    this.free.set(length, others ?? []);
    (this.free.get(length) as Float32Array[]).push(array);
    this.pooled += byteLength;
    this.used = true;
    this.watch();
  }

  /** Gives unused arrays back. */
  clear(): void {
    this.bound(0);
    this.peak = this.live;
  }

  private allocate(length: number): Float32Array<ArrayBuffer> {
    try {
      return new Float32Array(length);
    } catch (error) {
      this.clear();
      if (!(error instanceof RangeError)) throw error;
    }
    try {
      return new Float32Array(length);
    } catch {
      this.live -= length * BYTES;
      return this.refuse(length * BYTES);
    }
  }

  /** Drops unused arrays, those of the length used longest ago first, until at most so many bytes are left. */
  private bound(bytes: number): void {
    for (const [length, arrays] of this.free) {
      while (arrays.length && this.pooled > bytes) {
        arrays.pop();
        this.pooled -= length * BYTES;
      }
      if (arrays.length) return;
      this.free.delete(length);
    }
  }

  private watch(): void {
    if (this.watched) return;
    this.watched = true;
    platform().timer(() => {
      this.watched = false;
      if (!this.used) return this.clear();
      this.used = false;
      this.watch();
    }, IDLE_MS);
  }

  private refuse(bytes: number): never {
    throw new DeviceError(
      "nn.start",
      `tensors must fit into ${words(this.limit)} of memory, and ${words(this.live)} are in use: make batches smaller ` +
        `(train.fit's accumulate keeps the update the same), or raise the limit with nn.start("native", { memory })`,
      words(bytes),
    );
  }
}

/** Returns a number of bytes, also in words. */
const words = (bytes: number): string => `${bytes} bytes (${(bytes / 2 ** 20).toFixed(0)} MiB)`;
