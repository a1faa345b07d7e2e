import { type Attribute, attributeMessage, integerTensor, tensorMessage } from "../../onnx/build";
import { joinBytes, product } from "../../numeric";
import { bytesField, integerField, textField } from "../../onnx/encode";
import { DataType } from "../../onnx/model";

/** Options of a node. */
export interface NodeOptions {
  attributes?: Readonly<Record<string, Attribute>>;
  /** Domain of the operator. Default: that of ONNX. */
  domain?: string;
  /** Number of outputs. Default 1. */
  outputs?: number;
}

/** Domain of onnxruntime's additional operators. */
export const MICROSOFT = "com.microsoft";
const OPSET = 17;
const IR_VERSION = 8;

/**
 * Name of the first output: a constant of a type for which onnxruntime-node has no arrays. The runtime has then written
 * the other outputs into the given arrays, and the binding fails before it copies them once more.
 */
export const STOP = "stop";

/** Type of an input. */
export type InputType = "float" | "int32" | "int64";

/** Builds a graph of float32 values of any shape. Values are known by name. */
export class Graph {
  readonly inputs: string[] = [];
  readonly outputs: string[] = [];
  private readonly inputMessages: Uint8Array[] = [];
  private readonly nodes: Uint8Array[] = [];
  private readonly initializers: Uint8Array[] = [];
  private readonly constants = new Map<string, string>();
  /** Values that no node computes. */
  private readonly plain = new Set<string>();
  private count = 0;

  /** Adds an input. */
  input(type: InputType = "float"): string {
    const name = this.newName();
    this.inputs.push(name);
    this.plain.add(name);
    this.inputMessages.push(valueMessage(name, DataType[type]));
    return name;
  }

  /** Adds a node with one output; returns its name. An input "" is an omitted one. */
  node(op: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.multiple(op, inputs, options)[0];
  }

  /** Adds a node; returns the names of its outputs. */
  multiple(
    op: string,
    inputs: readonly string[],
    { attributes = {}, domain = "", outputs = 1 }: NodeOptions,
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.newName());
    this.nodes.push(
      joinBytes([
        ...inputs.map((name) => textField(1, name)),
        ...names.map((name) => textField(2, name)),
        textField(4, op),
        ...Object.entries(attributes).map(([name, value]) => bytesField(5, attributeMessage(name, value))),
        textField(7, domain),
      ]),
    );
    return names;
  }

  /** Returns a scalar constant. */
  scalar(value: number): string {
    const key = Object.is(value, -0) ? "-0" : String(value);
    return this.constant(`float ${key}`, (name) => tensorMessage(name, [], Float32Array.of(value)));
  }

  /** Returns a constant tensor. */
  floats(values: Float32Array, shape: readonly number[]): string {
    return this.constant(null, (name) => tensorMessage(name, shape, values));
  }

  /** Returns a constant tensor of one value; one of the same shape and value is shared. */
  filled(value: number, shape: readonly number[]): string {
    const values = new Float32Array(product(shape)).fill(value);
    return this.constant(`float ${value} of ${shape.join()}`, (name) => tensorMessage(name, shape, values));
  }

  /** Returns a constant list of 64-bit integers that are not negative: axes, shapes, repetitions. */
  integers(values: readonly number[]): string {
    return this.constant(`int64 ${values.join()}`, (name) => integerTensor(name, values));
  }

  /** Makes a value an output. */
  output(name: string): void {
    // An output is the result of a node, and a value is one output at most.
    const needsCopy = this.plain.has(name) || this.outputs.includes(name);
    this.outputs.push(needsCopy ? this.node("Identity", [name]) : name);
  }

  /** Returns the model's bytes. */
  bytes(): Uint8Array {
    const stop = joinBytes([integerField(2, DataType.bfloat16), textField(8, STOP), bytesField(9, new Uint8Array(2))]);
    const graph = [
      ...this.nodes.map((node) => bytesField(1, node)),
      textField(2, "native"),
      bytesField(5, stop),
      ...this.initializers.map((tensor) => bytesField(5, tensor)),
      ...this.inputMessages.map((input) => bytesField(11, input)),
      bytesField(12, valueMessage(STOP, DataType.bfloat16)),
      ...this.outputs.map((name) => bytesField(12, valueMessage(name, DataType.float))),
    ];
    const opsets = [opset("", OPSET), opset(MICROSOFT, 1)].map((one) => bytesField(8, one));
    return joinBytes([integerField(1, IR_VERSION), bytesField(7, joinBytes(graph)), ...opsets]);
  }

  private newName(): string {
    return `v${this.count++}`;
  }

  private constant(key: string | null, message: (name: string) => Uint8Array): string {
    const known = key === null ? undefined : this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.newName();
    if (key !== null) this.constants.set(key, name);
    this.plain.add(name);
    this.initializers.push(message(name));
    return name;
  }
}

const opset = (domain: string, version: number): Uint8Array =>
  joinBytes([textField(1, domain), integerField(2, version)]);

/** Encodes a ValueInfoProto of a tensor of any shape. */
function valueMessage(name: string, dataType: number): Uint8Array {
  return joinBytes([textField(1, name), bytesField(2, bytesField(1, integerField(1, dataType)))]);
}
