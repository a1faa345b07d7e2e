import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import type { DataId } from "@tensorflow/tfjs-core/dist/tensor_info";
import { most, product } from "../../numeric";
import { Entry, type Values } from "./entry";
import type { Memory } from "./memory";
import { type Recorder, SymbolicEntry, type Value } from "./recorder";
import type { NativeRuntime, Operation } from "./runtime";
import type { NativeSession, Operand } from "./session";

/** Data of a tensor, or what stands for it while operations are recorded. */
export type AnyEntry = Entry | SymbolicEntry;

/** Data of tfjs's tensors by their ids. */
export interface Entries {
  get(id: DataId): AnyEntry;
  set(id: DataId, entry: AnyEntry): void;
  has(id: DataId): boolean;
  delete(id: DataId): boolean;
}

/** The backend that keeps the data of the device's tensors. */
interface EntriesOwner {
  data: Entries;
  disposeData(id: DataId): boolean;
}

/** Function that writes all values of a new tensor. */
type Fill = (values: Float32Array) => void;

interface Output {
  data: Float32Array<ArrayBuffer>;
  dims: readonly number[];
}

/** Computes on tensors of tfjs with onnxruntime's operators, in the memory of the device `native`. */
export class NativeDevice {
  /** Recorder of operations, in place of computing them; null to compute. */
  recorder: Recorder | null = null;

  constructor(
    private readonly backend: EntriesOwner,
    readonly runtime: NativeRuntime,
    readonly pool: Memory,
  ) {}

  /** Computes an operation of tensors into new ones of the given shapes. */
  compute(operation: Operation, inputs: readonly TensorInfo[], shapes: readonly number[][]): TensorInfo[] {
    if (this.recorder) return this.record(this.recorder, operation, inputs, shapes);
    const session = this.runtime.sessionOf(operation, this.operandsOf(inputs));
    return this.runSession(session, inputs, shapes);
  }

  /** Runs a session on tensors into new ones of the given shapes. */
  runSession(session: NativeSession, inputs: readonly TensorInfo[], shapes: readonly number[][]): TensorInfo[] {
    const operands = this.operandsOf(inputs);
    const sizes = shapes.map(product);
    if (!this.runtime.takesArrays(most(sizes)))
      return session.run(operands).map((data, i) => this.adopt(data as Float32Array<ArrayBuffer>, shapes[i]));
    const outputs = this.take(sizes, shapes);
    this.givenBackOnFailure(outputs, () => session.runInto(operands, outputs));
    return outputs.map(({ data, dims }) => this.own(data, dims));
  }

  /** Returns the entry of a tensor. */
  entryOf({ dataId }: TensorInfo): AnyEntry {
    return this.backend.data.get(dataId);
  }

  /** Returns values to read until the kernel ends. */
  borrow(tensor: TensorInfo): ArrayLike<number> {
    return this.entryOf(tensor).borrowed as ArrayLike<number>;
  }

  /** Returns values of a float32 tensor to read until the kernel ends. */
  read32(tensor: TensorInfo): Float32Array {
    const values = this.borrow(tensor);
    return values instanceof Float32Array ? values : Float32Array.from(values);
  }

  /** Makes a float32 tensor; `fill` writes all of its values. */
  make(shape: readonly number[], fill: Fill): TensorInfo {
    const data = this.pool.take(product(shape));
    this.givenBackOnFailure([{ data }], () => fill(data));
    return this.own(data, shape);
  }

  /** Makes a float32 tensor as `make` does; while operations are recorded, records the operation. */
  makeOr(operation: Operation, inputs: readonly TensorInfo[], shape: readonly number[], fill: Fill): TensorInfo {
    if (this.recorder) return this.record(this.recorder, operation, inputs, [[...shape]])[0];
    return this.make(shape, fill);
  }

  /** Makes a tensor of an array that the device's memory gave. */
  own(data: Float32Array, shape: readonly number[]): TensorInfo {
    return { dataId: this.keep(data, "float32", true), shape: [...shape], dtype: "float32" };
  }

  /** Frees a tensor. */
  free({ dataId }: TensorInfo): void {
    this.backend.disposeData(dataId);
  }

  /** Makes a tensor that stands for a value of the recorder. */
  symbol(value: Value): TensorInfo {
    const recorder = this.recorder as Recorder;
    const dataId = {};
    this.backend.data.set(dataId, new SymbolicEntry(recorder, value));
    return { dataId, shape: [...recorder.values[value].shape], dtype: "float32" };
  }

  /** Keeps values under a new id; `owned` says that nobody else has their array. */
  keep(values: Values, dtype: DataType, owned: boolean): DataId {
    const id = {};
    this.backend.data.set(id, new Entry(values, dtype, owned));
    this.recorder?.note(id);
    return id;
  }

  private record(
    recorder: Recorder,
    operation: Operation,
    inputs: readonly TensorInfo[],
    shapes: readonly number[][],
  ): TensorInfo[] {
    const values = inputs.map((input) => recorder.valueOf(input, this.entryOf(input)));
    return recorder.add(operation, values, shapes).map((value) => this.symbol(value));
  }

  private operandsOf(tensors: readonly TensorInfo[]): Operand[] {
    return tensors.map((tensor) => ({ data: this.read32(tensor), dims: tensor.shape }));
  }

  private take(sizes: readonly number[], shapes: readonly number[][]): Output[] {
    const taken: Output[] = [];
    this.givenBackOnFailure(taken, () => {
      for (const [i, dims] of shapes.entries()) taken.push({ data: this.pool.take(sizes[i]), dims });
    });
    return taken;
  }

  private givenBackOnFailure(outputs: readonly Pick<Output, "data">[], work: () => void): void {
    try {
      work();
    } catch (error) {
      for (const { data } of outputs) this.pool.give(data);
      throw error;
    }
  }

  private adopt(data: Float32Array<ArrayBuffer>, shape: readonly number[]): TensorInfo {
    this.pool.add(data.byteLength);
    return this.own(data, shape);
  }
}
