import type { DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import type { DataId } from "@tensorflow/tfjs-core/dist/tensor_info";
import { most, product } from "../../numeric";
import { Entry, type Values } from "./entry";
import type { Memory } from "./memory";
import { type Recorder, SymbolicEntry, type Value } from "./recorder";
import type { NativeRuntime, Operation } from "./runtime";
import type { NativeSession, Operand } from "./session";

/** Data of a tensor, or what stands for it while operations are recorded. */
type AnyEntry = Entry | SymbolicEntry;

interface Output {
  data: Float32Array<ArrayBuffer>;
  dims: readonly number[];
}

/** Part of tfjs's cpu backend that this one extends. */
export interface CpuBackend extends KernelBackend {
  data: {
    get(id: DataId): AnyEntry;
    set(id: DataId, entry: AnyEntry): void;
    has(id: DataId): boolean;
    delete(id: DataId): boolean;
  };
  makeTensorInfo(shape: number[], dtype: DataType, values?: Values): TensorInfo;
}

/** Backend of tfjs on onnxruntime's kernels. */
export interface NativeBackend extends CpuBackend {
  readonly runtime: NativeRuntime;
  readonly pool: Memory;
  /** Computes an operation of tensors into new ones of the given shapes. */
  compute(operation: Operation, inputs: readonly TensorInfo[], shapes: readonly number[][]): TensorInfo[];
  /** Values to read until the kernel ends. */
  borrow(tensor: TensorInfo): ArrayLike<number>;
  /** Values of a float32 tensor to read until the kernel ends. */
  read32(tensor: TensorInfo): Float32Array;
  /** New float32 tensor; `fill` writes all of its values. */
  make(shape: readonly number[], fill: (values: Float32Array) => void): TensorInfo;
  /** New float32 tensor as of `make`; while operations are recorded, the operation. */
  makeOr(
    operation: Operation,
    inputs: readonly TensorInfo[],
    shape: readonly number[],
    fill: (values: Float32Array) => void,
  ): TensorInfo;
  /** Runs a session on tensors into new ones of the given shapes. */
  runSession(session: NativeSession, inputs: readonly TensorInfo[], shapes: readonly number[][]): TensorInfo[];
  /** Makes tensors of arrays that the device's memory gave. */
  own(data: Float32Array, shape: readonly number[]): TensorInfo;
  /** Recorder of operations, in place of computing them; null to compute. */
  recorder: Recorder | null;
  /** Tensor that stands for a value of the recorder. */
  symbol(value: Value): TensorInfo;
}

/** Makes the backend; `Base` is the class of tfjs's cpu backend. */
export function makeBackend(Base: new () => CpuBackend, runtime: NativeRuntime, memory: Memory): NativeBackend {
  class Native extends Base implements NativeBackend {
    readonly runtime = runtime;
    readonly pool = memory;
    recorder: Recorder | null = null;

    override write(values: Values, _shape: number[], dtype: DataType): DataId {
      return this.keep(copied(values, dtype, memory), dtype, true);
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
      return { dataId: this.keep(array, dtype, false), shape, dtype };
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

    compute(operation: Operation, inputs: readonly TensorInfo[], shapes: readonly number[][]): TensorInfo[] {
      if (this.recorder) return this.record(this.recorder, operation, inputs, shapes);
      const operands = inputs.map((input) => this.operand(input));
      return this.runSession(runtime.sessionOf(operation, operands), inputs, shapes);
    }

    runSession(session: NativeSession, inputs: readonly TensorInfo[], shapes: readonly number[][]): TensorInfo[] {
      const operands = inputs.map((input) => this.operand(input));
      const sizes = shapes.map(product);
      if (!runtime.takesArrays(most(sizes)))
        return session.run(operands).map((data, i) => this.adopt(data as Float32Array<ArrayBuffer>, shapes[i]));
      const outputs = this.outputs(sizes, shapes);
      try {
        session.runInto(operands, outputs);
      } catch (error) {
        for (const { data } of outputs) memory.give(data);
        throw error;
      }
      return outputs.map(({ data, dims }) => this.info(data, dims));
    }

    own(data: Float32Array, shape: readonly number[]): TensorInfo {
      return this.info(data as Float32Array<ArrayBuffer>, shape);
    }

    symbol(value: Value): TensorInfo {
      const recorder = this.recorder as Recorder;
      const id = {};
      this.data.set(id, new SymbolicEntry(recorder, value));
      return { dataId: id, shape: [...recorder.values[value].shape], dtype: "float32" };
    }

    makeOr(
      operation: Operation,
      inputs: readonly TensorInfo[],
      shape: readonly number[],
      fill: (values: Float32Array) => void,
    ): TensorInfo {
      if (this.recorder) return this.record(this.recorder, operation, inputs, [[...shape]])[0];
      return this.make(shape, fill);
    }

    private record(
      recorder: Recorder,
      operation: Operation,
      inputs: readonly TensorInfo[],
      shapes: readonly number[][],
    ): TensorInfo[] {
      const values = inputs.map((input) => recorder.valueOf(input, this.data.get(input.dataId)));
      return recorder.add(operation, values, shapes).map((value) => this.symbol(value));
    }

    private outputs(sizes: readonly number[], shapes: readonly number[][]): Output[] {
      const made: Output[] = [];
      try {
        for (const [i, dims] of shapes.entries()) made.push({ data: memory.take(sizes[i]), dims });
      } catch (error) {
        for (const { data } of made) memory.give(data);
        throw error;
      }
      return made;
    }

    borrow({ dataId }: TensorInfo): ArrayLike<number> {
      return this.data.get(dataId).borrowed as ArrayLike<number>;
    }

    read32(tensor: TensorInfo): Float32Array {
      const values = this.borrow(tensor);
      return values instanceof Float32Array ? values : Float32Array.from(values);
    }

    make(shape: readonly number[], fill: (values: Float32Array) => void): TensorInfo {
      const data = memory.take(product(shape));
      try {
        fill(data);
      } catch (error) {
        memory.give(data);
        throw error;
      }
      return this.info(data, shape);
    }

    private operand(tensor: TensorInfo): Operand {
      return { data: this.read32(tensor), dims: tensor.shape };
    }

    private adopt(data: Float32Array<ArrayBuffer>, shape: readonly number[]): TensorInfo {
      memory.add(data.byteLength);
      return this.info(data, shape);
    }

    private info(data: Float32Array<ArrayBuffer>, shape: readonly number[]): TensorInfo {
      return { dataId: this.keep(data, "float32", true), shape: [...shape], dtype: "float32" };
    }

    private keep(values: Values, dtype: DataType, owned: boolean): DataId {
      const id = {};
      this.data.set(id, new Entry(values, dtype, owned));
      this.recorder?.note(id);
      return id;
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
