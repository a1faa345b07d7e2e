import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { DeviceError } from "../types";
import { Graph } from "./graph";
import type { Operation } from "./runtime";

/** Thrown where a computation cannot be recorded; it is then computed operation by operation. */
export class NotRecordable extends DeviceError {
  constructor(rule: string, received: unknown) {
    super("native", rule, received);
  }
}

/** Value of a recorded computation, by its place in {@link Recorder.values}. */
export type Value = number;

/** Key of the operation that gives a value another shape. */
export const VIEW = "Reshape";

interface RecordedNode {
  operation: Operation;
  inputs: readonly Value[];
  outputs: readonly Value[];
}

interface RecordedValue {
  shape: readonly number[];
  /** Node that computes it; null for an input or a constant. */
  node: RecordedNode | null;
  /** Values of a constant. */
  constant?: Float32Array;
}

/** Data of a tensor that stands for a value of a recorded computation. */
export class SymbolicEntry {
  refCount = 1;
  readonly dtype: DataType = "float32";
  readonly bytes = 0;
  readonly reusable = null;

  constructor(
    readonly recorder: Recorder,
    readonly value: Value,
  ) {}

  get values(): never {
    throw new NotRecordable("a recorded computation must not read values", "a read");
  }

  get borrowed(): never {
    return this.values;
  }
}

/** Records operations on tensors without values. */
export class Recorder {
  readonly values: RecordedValue[] = [];
  readonly nodes: RecordedNode[] = [];
  private readonly known = new Map<object, Value>();
  /** Data made while recording: constants. */
  private readonly made = new WeakSet<object>();
  private readonly views = new Map<string, Value>();

  /** Adds an input. */
  input(shape: readonly number[]): Value {
    return this.values.push({ shape, node: null }) - 1;
  }

  /** Adds an input for a tensor from outside. */
  know(id: object, shape: readonly number[]): Value {
    if (this.known.has(id)) throw new NotRecordable("parameters must not share their memory", shape);
    const value = this.input(shape);
    this.known.set(id, value);
    return value;
  }

  /** Takes note of data that is made while recording. */
  note(id: object): void {
    this.made.add(id);
  }

  /** Adds an operation; returns its outputs. */
  add(operation: Operation, inputs: readonly Value[], shapes: readonly (readonly number[])[]): Value[] {
    const node: RecordedNode = { operation, inputs, outputs: shapes.map((shape) => this.input(shape)) };
    for (const output of node.outputs) this.values[output].node = node;
    this.nodes.push(node);
    return [...node.outputs];
  }

  /** Returns the value of a tensor in the tensor's shape. */
  valueOf({ dataId, shape }: TensorInfo, entry: SymbolicEntry | { borrowed: unknown }): Value {
    const value = entry instanceof SymbolicEntry ? this.own(entry) : this.outside(dataId, entry, shape);
    return this.values[value].shape.join() === shape.join() ? value : this.view(value, shape);
  }

  private own({ recorder, value }: SymbolicEntry): Value {
    if (recorder !== this) throw new NotRecordable("recordings must not share tensors", "a tensor of another one");
    return value;
  }

  private outside(id: object, { borrowed }: { borrowed: unknown }, shape: readonly number[]): Value {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    if (!this.made.has(id) || !(borrowed instanceof Float32Array))
      throw new NotRecordable("tensors from outside must be inputs or parameters", shape);
    const value = this.values.push({ shape, node: null, constant: borrowed.slice() }) - 1;
    this.known.set(id, value);
    return value;
  }

  private view(value: Value, shape: readonly number[]): Value {
    const key = `${value} ${shape.join()}`;
    const found = this.views.get(key);
    if (found !== undefined) return found;
    const emit: Operation["emit"] = (graph, [name]) => [graph.node("Reshape", [name, graph.integers(shape)])];
    const [made] = this.add({ key: VIEW, emit }, [value], [shape]);
    this.views.set(key, made);
    return made;
  }

  /**
   * Builds the graph that computes `wanted` from `given`, with the inputs and outputs in their order.
   *
   * @param isAdded outputs that are added to a further input each; null for a graph that computes no gradient
   */
  graph(given: readonly Value[], wanted: readonly Value[], isAdded: readonly boolean[] | null = null): Graph {
    const graph = new Graph();
    const names = new Map<Value, string>(given.map((value) => [value, graph.input()]));
    for (const { operation, inputs, outputs } of this.nodesBetween(given, wanted)) {
      const emit = (isAdded && operation.again) ?? operation.emit;
      const made = emit(
        graph,
        inputs.map((input) => this.nameOf(graph, names, input)),
      );
      outputs.forEach((output, i) => names.has(output) || names.set(output, made[i]));
    }
    for (const [i, value] of wanted.entries()) {
      const name = this.nameOf(graph, names, value);
      graph.output(isAdded?.[i] ? graph.node("Add", [graph.input(), name]) : name);
    }
    return graph;
  }

  private nameOf(graph: Graph, names: Map<Value, string>, value: Value): string {
    const known = names.get(value);
    if (known !== undefined) return known;
    const { constant, shape } = this.values[value];
    if (!constant) throw new NotRecordable("a recorded value must be given", value);
    const name = shape.length === 0 ? graph.scalar(constant[0]) : graph.floats(constant, shape);
    names.set(value, name);
    return name;
  }

  /** Returns the nodes that compute `wanted` from `given`, in their order. */
  nodesBetween(given: readonly Value[], wanted: readonly Value[]): RecordedNode[] {
    const has = new Set(given);
    const needed = new Set<RecordedNode>();
    const open = [...wanted];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const { node } = this.values[value];
      if (has.has(value) || !node || needed.has(node)) continue;
      needed.add(node);
      for (const input of node.inputs) open.push(input);
    }
    return this.nodes.filter((node) => needed.has(node));
  }
}
