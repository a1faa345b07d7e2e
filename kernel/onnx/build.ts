import { bytesField, floatField, integerField, textField } from "./encode";
import { DataType } from "./model";
import { joinBytes } from "../numeric";

/** Operator of a new graph. */
export interface BuiltNode {
  op: string;
  inputs: string[];
  /** Name of the output, or names of several. */
  output: string | readonly string[];
  attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** New graph: float32 throughout, with named dimensions. */
export interface BuiltGraph {
  name: string;
  nodes: readonly BuiltNode[];
  inputs: Readonly<Record<string, readonly string[]>>;
  outputs: Readonly<Record<string, readonly string[]>>;
  /** Constants by name: a float32 scalar, or an int64 list. */
  constants?: Readonly<Record<string, number | readonly number[]>>;
}

const IR_VERSION = 8;
const OPSET = 17;
/** Kinds of attributes. */
const [FLOAT, INT, STRING, INTS] = [1, 2, 3, 7];

/** Returns the bytes of an ONNX model of the default domain, opset 17. */
export function buildModel({ name, nodes, inputs, outputs, constants = {} }: BuiltGraph): Uint8Array {
  const graph = [
    ...nodes.map((node) => bytesField(1, nodeMessage(node))),
    textField(2, name),
    ...Object.entries(constants).map(([of, value]) =>
      bytesField(
        5,
        typeof value === "number" ? tensorMessage(of, [], Float32Array.of(value)) : integerTensor(of, value),
      ),
    ),
    ...Object.entries(inputs).map(([of, dims]) => bytesField(11, valueMessage(of, DataType.float, dims))),
    ...Object.entries(outputs).map(([of, dims]) => bytesField(12, valueMessage(of, DataType.float, dims))),
  ];
  const opset = joinBytes([textField(1, ""), integerField(2, OPSET)]);
  return joinBytes([integerField(1, IR_VERSION), bytesField(7, joinBytes(graph)), bytesField(8, opset)]);
}

/** Encodes a NodeProto. */
export function nodeMessage({ op, inputs, output, attributes = {} }: BuiltNode): Uint8Array {
  return joinBytes([
    ...inputs.map((name) => textField(1, name)),
    ...[output].flat().map((name) => textField(2, name)),
    textField(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytesField(5, attributeMessage(name, value))),
  ]);
}

/** Attribute of an operator: an integer, a list of integers, a text, or a float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Encodes an AttributeProto; its last field is the kind of its value. */
export function attributeMessage(name: string, value: Attribute): Uint8Array {
  const fields = (): Uint8Array[] => {
    if (typeof value === "number") return [integerField(3, value), integerField(20, INT)];
    if (typeof value === "string") return [textField(4, value), integerField(20, STRING)];
    if ("float" in value) return [floatField(2, value.float), integerField(20, FLOAT)];
    return [...value.map((one) => integerField(8, one)), integerField(20, INTS)];
  };
  return joinBytes([textField(1, name), ...fields()]);
}

/** Encodes a ValueInfoProto of a tensor with named dimensions. */
export function valueMessage(name: string, dataType: number, dims: readonly string[]): Uint8Array {
  const shape = joinBytes(dims.map((dim) => bytesField(1, textField(2, dim))));
  const type = joinBytes([integerField(1, dataType), bytesField(2, shape)]);
  return joinBytes([textField(1, name), bytesField(2, bytesField(1, type))]);
}

/** Encodes a TensorProto with its values. */
export function tensorMessage(
  name: string,
  dims: readonly number[],
  data: Float32Array | Int8Array | Uint8Array,
): Uint8Array {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const shape = dims.map((dim) => integerField(1, dim));
  const type = data instanceof Int8Array ? DataType.int8 : data instanceof Uint8Array ? DataType.uint8 : DataType.float;
  return joinBytes([...shape, integerField(2, type), textField(8, name), bytesField(9, raw)]);
}

/** Encodes a TensorProto of an int64 list. */
export function integerTensor(name: string, values: readonly number[]): Uint8Array {
  const data = values.map((value) => integerField(7, value));
  return joinBytes([integerField(1, values.length), integerField(2, DataType.int64), textField(8, name), ...data]);
}
