import type { Attribute } from "../../onnx/build";

/** Element types of tfjs that are written. */
export type Dtype = "float32" | "int32" | "bool";

/** Shape and element type of a tensor. */
export interface Form {
  shape: readonly number[];
  dtype: Dtype;
}

/** Attributes of a tfjs kernel or of a named operation. */
export type Attributes = Readonly<Record<string, unknown>>;

/** One call of a kernel; tensors are numbers in the order in which they were first seen. */
export interface RecordedNode {
  kernel: string;
  /** Inputs by tfjs's names; a list of tensors has the names "0", "1", …. */
  inputs: ReadonlyMap<string, number>;
  attributes: Attributes;
  outputs: readonly number[];
  /** Dotted name of the module that made the call; empty for the model itself. */
  scope: string;
}

/** Origin of a tensor that no kernel made. */
export type Source =
  | { kind: "input"; name: string }
  | { kind: "parameter"; name: string }
  | { kind: "constant"; values: Float32Array | Int32Array | Uint8Array };

/** One run of a model under the recording device. */
export interface Trace {
  nodes: readonly RecordedNode[];
  forms: readonly Form[];
  sources: ReadonlyMap<number, Source>;
  outputs: ReadonlyMap<string, number>;
}

/** Sizes of one dimension, trace by trace. */
export type Sizes = readonly number[];

/** ONNX operator to be written. */
export interface OnnxOperator {
  op: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Readonly<Record<string, Attribute>>;
}
