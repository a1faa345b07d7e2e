import { attributeMessage } from "../../onnx/build";
import { bytesField, integerField, textField } from "../../onnx/encode";
import type { Constant } from "./graph";
import type { OnnxOperator } from "./types";
import { joinBytes } from "../../numeric";

/** Numbers of ONNX's element types. */
export const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
const BOOL = 9;

/** Encodes a NodeProto. */
export function operatorMessage({ op, name, inputs, outputs, attributes }: OnnxOperator): Uint8Array {
  return joinBytes([
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    textField(3, name),
    textField(4, op),
    ...Object.entries(attributes).map(([key, value]) => bytesField(5, attributeMessage(key, value))),
  ]);
}

const typeOf = (data: Constant["data"]): number =>
  data instanceof Float32Array ? FLOAT : data instanceof Int32Array ? INT32 : data instanceof Uint8Array ? BOOL : INT64;

/** Encodes a TensorProto with its values inside. */
export function constantMessage(name: string, { dims, data }: Constant): Uint8Array {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return joinBytes([...header(name, dims, typeOf(data)), bytesField(9, raw)]);
}

/** Place of a tensor's values in a file beside the model. */
export interface ExternalPlace {
  location: string;
  offset: number;
  length: number;
}

/** Encodes a TensorProto of floats whose values lie in another file. */
export function externalMessage(name: string, dims: readonly number[], place: ExternalPlace): Uint8Array {
  const entry = (key: string, value: string): Uint8Array =>
    bytesField(13, joinBytes([textField(1, key), textField(2, value)]));
  const entries = [
    entry("location", place.location),
    entry("offset", `${place.offset}`),
    entry("length", `${place.length}`),
  ];
  return joinBytes([...header(name, dims, FLOAT), ...entries, integerField(14, 1)]);
}

const header = (name: string, dims: readonly number[], type: number): Uint8Array[] => [
  ...dims.map((dim) => integerField(1, dim)),
  integerField(2, type),
  textField(8, name),
];

/** Size of a dimension: a number, a name, or null for one that follows from others. */
export type Dimension = number | string | null;

/** Encodes a ValueInfoProto of a tensor. */
export function valueMessage(name: string, type: number, dims: readonly Dimension[]): Uint8Array {
  const one = (dim: Dimension): Uint8Array =>
    dim === null ? new Uint8Array(0) : typeof dim === "number" ? integerField(1, dim) : textField(2, dim);
  const shape = joinBytes(dims.map((dim) => bytesField(1, one(dim))));
  const tensor = joinBytes([integerField(1, type), bytesField(2, shape)]);
  return joinBytes([textField(1, name), bytesField(2, bytesField(1, tensor))]);
}
