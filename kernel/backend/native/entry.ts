import type { DataType, TypedArray } from "@tensorflow/tfjs-core";

/** Values of a tensor as tfjs keeps them; texts are arrays of bytes. */
export type Values = TypedArray | Uint8Array[];

/**
 * Data of a tensor. Code that asks for `values`, as the kernels of tfjs's cpu backend do, may keep them or a part of them,
 * so their array is never used for another tensor.
 */
export class Entry {
  refCount = 1;
  /** Parts of a complex tensor, set by tfjs's cpu backend. */
  complexTensorInfos?: object;
  private shared: boolean;

  /** @param owned true if nobody else has the array */
  constructor(
    private readonly array: Values,
    readonly dtype: DataType,
    owned: boolean,
  ) {
    this.shared = !owned;
  }

  /** Values for code that may keep them. */
  get values(): Values {
    this.shared = true;
    return this.array;
  }

  /** Values for code that only reads them, until its operation ends. */
  get borrowed(): Values {
    return this.array;
  }

  get bytes(): number {
    return ArrayBuffer.isView(this.array) ? this.array.byteLength : 0;
  }

  /** Array that can serve another tensor; null if somebody may have it. */
  get reusable(): Float32Array<ArrayBuffer> | null {
    return !this.shared && this.array instanceof Float32Array ? (this.array as Float32Array<ArrayBuffer>) : null;
  }
}
