import type { DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import type { DataId } from "@tensorflow/tfjs-core/dist/tensor_info";
import { type Entries, NativeDevice } from "./device";
import { Entry, type Values } from "./entry";
import type { Memory } from "./memory";
import type { NativeRuntime } from "./runtime";

/** Part of tfjs's cpu backend that this one extends. */
export interface CpuBackend extends KernelBackend {
  data: Entries;
  makeTensorInfo(shape: number[], dtype: DataType, values?: Values): TensorInfo;
}

/** Backend of tfjs on onnxruntime's kernels. */
export interface NativeBackend extends CpuBackend {
  readonly device: NativeDevice;
}

/** Makes the backend; `Base` is the class of tfjs's cpu backend, which is loaded with tfjs. */
export function makeBackend(Base: new () => CpuBackend, runtime: NativeRuntime, memory: Memory): NativeBackend {
  class Native extends Base implements NativeBackend {
    readonly device = new NativeDevice(this, runtime, memory);

    override write(values: Values, _shape: number[], dtype: DataType): DataId {
      return this.device.keep(copied(values, dtype, memory), dtype, true);
    }

    override move(id: DataId, values: Values, _shape: number[], dtype: DataType, refCount: number): void {
      const entry = new Entry(copied(values, dtype, memory), dtype, true);
      entry.refCount = refCount;
      this.data.set(id, entry);
    }

    override makeTensorInfo(shape: number[], dtype: DataType, values: Values): TensorInfo {
      if (dtype === "string" || dtype === "complex64") return super.makeTensorInfo(shape, dtype, values);
      const array = ofType(values, dtype);
      memory.add(array.byteLength);
      return { dataId: this.device.keep(array, dtype, false), shape, dtype };
    }

    override disposeData(id: DataId, force = false): boolean {
      const entry = this.data.has(id) ? this.data.get(id) : null;
      const { bytes = 0, reusable = null } = entry ?? {};
      if (!super.disposeData(id, force)) return false;
      if (reusable) memory.give(reusable);
      else memory.remove(bytes);
      return true;
    }

    override memory(): { unreliable: boolean; reasons: string[] } {
      return { unreliable: false, reasons: [] };
    }

    override dispose(): void {
      runtime.dispose();
      memory.clear();
    }
  }
  return new Native();
}

/** Tests whether a tensor has values in single precision. */
export const isPlain = ({ dtype, shape }: TensorInfo): boolean => dtype === "float32" && !shape.includes(0);

/** Copies values of a caller, who may change them later. */
function copied(values: Values, dtype: DataType, memory: Memory): Values {
  if (dtype === "string" || dtype === "complex64" || !values) return values;
  if (dtype !== "float32") {
    const array = ofType(values, dtype).slice();
    memory.add(array.byteLength);
    return array;
  }
  const array = memory.take(values.length);
  array.set(values as Float32Array);
  return array;
}

/** Returns values in the array of their type; tfjs's cpu backend gives plain arrays for empty tensors. */
function ofType(values: Values, dtype: DataType): Float32Array | Int32Array | Uint8Array {
  if (dtype === "float32") return values instanceof Float32Array ? values : Float32Array.from(values as Int32Array);
  if (dtype === "int32") return values instanceof Int32Array ? values : Int32Array.from(values as Uint8Array);
  return values instanceof Uint8Array ? values : Uint8Array.from(values as Int32Array);
}
