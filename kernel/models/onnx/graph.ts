import { ModelError } from "../error";
import { FN } from "./names";
import type { Dtype, Form, OnnxOperator, RecordedNode, Sizes, Trace } from "./types";

/** Constant of the graph. */
export interface Constant {
  dims: number[];
  data: Float32Array | Int32Array | Uint8Array | BigInt64Array;
}

/** Size of a dimension that differs between traces, and the tensor that has it. */
interface KnownSize {
  tensor: string;
  axis: number;
  sizes: Sizes;
}

const isFixed = (sizes: Sizes): boolean => sizes.every((size) => size === sizes[0]);
const isSame = (a: Sizes, b: Sizes): boolean => a.every((size, i) => size === b[i]);

/** Graph of ONNX operators in the making, from several traces of one model that differ in the sizes of dynamic dimensions. */
export class OnnxGraph {
  readonly operators: OnnxOperator[] = [];
  readonly constants = new Map<string, Constant>();
  /** Parameters in use. */
  readonly parameters = new Set<string>();
  private readonly names = new Map<number, string>();
  private readonly used = new Map<string, number>();
  private readonly known: KnownSize[] = [];
  private readonly computed = new Map<string, string>();
  private scope = "";

  constructor(readonly traces: readonly Trace[]) {
    for (const [number, source] of traces[0].sources) if (source.kind === "input") this.setName(number, source.name);
  }

  get first(): Trace {
    return this.traces[0];
  }

  /** Sets the module whose operators follow. */
  enter(scope: string): void {
    this.scope = scope;
  }

  /** Returns the name of a recorded tensor; a constant or parameter becomes an initializer when it is first named. */
  nameOf(number: number): string {
    const known = this.names.get(number);
    if (known !== undefined) return known;
    const source = this.first.sources.get(number);
    if (source?.kind === "parameter") {
      this.parameters.add(source.name);
      return this.setName(number, source.name);
    }
    if (source?.kind === "constant") return this.setName(number, this.constantOf(number));
    throw new ModelError(FN, "every tensor must come from the inputs or the parameters", `tensor ${number}`);
  }

  /** Gives a recorded tensor a name, and remembers its sizes. */
  setName(number: number, name: string): string {
    this.names.set(number, name);
    this.sizesOf(number).forEach((sizes, axis) => this.know({ tensor: name, axis, sizes }));
    return name;
  }

  /** Returns the sizes of each dimension of a recorded tensor, trace by trace. */
  sizesOf(number: number): Sizes[] {
    const { shape } = this.first.forms[number];
    return shape.map((_, axis) => this.traces.map((trace) => trace.forms[number].shape[axis]));
  }

  /** Adds an operator and returns the names of its outputs. */
  add(op: string, inputs: string[], attributes: OnnxOperator["attributes"] = {}, count = 1): string[] {
    const name = this.unique(this.scope ? `/${this.scope.replaceAll(".", "/")}/${op}` : `/${op}`);
    const outputs = Array.from({ length: count }, (_, i) => `${name}_output_${i}`);
    this.operators.push({ op, name, inputs, outputs, attributes });
    return outputs;
  }

  /** Adds an operator with one output. */
  one(op: string, inputs: string[], attributes: OnnxOperator["attributes"] = {}): string {
    return this.add(op, inputs, attributes)[0];
  }

  /** Adds a constant. */
  constant(value: Constant): string {
    const key =
      value.data.length <= 64 ? `${value.data.constructor.name} ${value.dims.join()} ${value.data.join()}` : null;
    const known = key === null ? undefined : this.computed.get(key);
    if (known !== undefined) return known;
    const name = this.unique("constant");
    this.constants.set(name, value);
    if (key !== null) this.computed.set(key, name);
    return name;
  }

  /** Adds a list of int64. */
  integers(values: readonly number[]): string {
    return this.constant({ dims: [values.length], data: BigInt64Array.from(values, (value) => BigInt(value)) });
  }

  /** Adds a number without dimensions. */
  scalar(value: number, dtype: Dtype = "float32"): string {
    const data =
      dtype === "int32" ? Int32Array.of(value) : dtype === "bool" ? Uint8Array.of(value) : Float32Array.of(value);
    return this.constant({ dims: [], data });
  }

  /** Returns a list of int64 whose entries may differ between traces, as a constant where none does. */
  sizeList(entries: readonly Sizes[]): string {
    if (entries.every(isFixed)) return this.integers(entries.map(([size]) => size));
    const parts: string[] = [];
    let fixed: number[] = [];
    const flush = (): void => {
      if (fixed.length) parts.push(this.integers(fixed));
      fixed = [];
    };
    for (const sizes of entries) {
      if (isFixed(sizes)) fixed.push(sizes[0]);
      else {
        flush();
        parts.push(this.size(sizes));
      }
    }
    flush();
    return parts.length === 1 ? parts[0] : this.one("Concat", parts, { axis: 0 });
  }

  /**
   * Returns a list of one int64 that has these sizes: that of a known dimension, a multiple, a share, a product or a sum.
   *
   * @throws ModelError where no such expression is found
   */
  size(sizes: Sizes): string {
    if (isFixed(sizes)) return this.integers([sizes[0]]);
    const key = `size ${sizes.join()}`;
    const known = this.computed.get(key);
    if (known !== undefined) return known;
    const name = this.sizeBy(sizes);
    this.computed.set(key, name);
    return name;
  }

  private sizeBy(sizes: Sizes): string {
    const same = this.known.find((one) => isSame(one.sizes, sizes));
    if (same) return this.one("Shape", [same.tensor], { start: same.axis, end: same.axis + 1 });
    for (const one of this.known) {
      const factor = sizes[0] / one.sizes[0];
      if (
        isSame(
          one.sizes.map((size) => size * factor),
          sizes,
        )
      )
        return this.scaled(this.size(one.sizes), factor);
      const more = sizes[0] - one.sizes[0];
      if (
        isSame(
          one.sizes.map((size) => size + more),
          sizes,
        )
      )
        return this.one("Add", [this.size(one.sizes), this.integers([more])]);
    }
    return this.productBy(sizes);
  }

  private productBy(sizes: Sizes): string {
    for (const a of this.known)
      for (const b of this.known) {
        const product = a.sizes.map((size, i) => size * b.sizes[i]);
        const factor = sizes[0] / product[0];
        if (
          !isSame(
            product.map((size) => size * factor),
            sizes,
          )
        )
          continue;
        return this.scaled(this.one("Mul", [this.size(a.sizes), this.size(b.sizes)]), factor);
      }
    throw new ModelError(FN, "sizes must follow from those of the inputs", sizes.join(", "));
  }

  /** Multiplies a size by a whole number, or divides it by one. */
  private scaled(name: string, factor: number): string {
    if (factor === 1) return name;
    if (Number.isInteger(factor)) return this.one("Mul", [name, this.integers([factor])]);
    return this.one("Div", [name, this.integers([Math.round(1 / factor)])]);
  }

  private know(one: KnownSize): void {
    const isNew = !isFixed(one.sizes) && !this.known.some(({ sizes }) => isSame(sizes, one.sizes));
    if (isNew) this.known.push(one);
  }

  /** Adds a recorded constant; one of a single value may differ in size between traces. */
  private constantOf(number: number): string {
    const values = this.traces.map((trace) => {
      const source = trace.sources.get(number);
      return source?.kind === "constant" ? source.values : new Float32Array(0);
    });
    const form = this.first.forms[number];
    const [data] = values;
    if (values.every((other) => isEqual(other, data)) && this.sizesOf(number).every(isFixed))
      return this.constant({ dims: [...form.shape], data });
    const [value] = data;
    if (!values.every((other) => other.every((one) => one === value)))
      throw new ModelError(
        FN,
        `constants must not follow the sizes of dynamic dimensions (in ${this.scope || "the model"})`,
        `${form.dtype} [${form.shape.join(", ")}]`,
      );
    return this.one("Expand", [this.scalar(value, form.dtype), this.sizeList(this.sizesOf(number))]);
  }

  private unique(name: string): string {
    const count = this.used.get(name) ?? 0;
    this.used.set(name, count + 1);
    return count ? `${name}_${count}` : name;
  }
}

function isEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]))) return false;
  return true;
}

/** One recorded call with the graph that it is written to. */
export class Call {
  readonly graph: OnnxGraph;
  private readonly nodes: readonly RecordedNode[];

  constructor(graph: OnnxGraph, index: number) {
    this.graph = graph;
    this.nodes = graph.traces.map((trace) => trace.nodes[index]);
  }

  get kernel(): string {
    return this.nodes[0].kernel;
  }

  /** Names of the inputs in tfjs's order. */
  get inputs(): string[] {
    return [...this.nodes[0].inputs.values()].map((number) => this.graph.nameOf(number));
  }

  has(name: string): boolean {
    return this.nodes[0].inputs.has(name);
  }

  input(name: string): string {
    return this.graph.nameOf(this.numberOf(name));
  }

  form(name: string): Form {
    return this.graph.first.forms[this.numberOf(name)];
  }

  /** Returns the sizes of an input's dimensions, trace by trace. */
  sizes(name: string): Sizes[] {
    return this.graph.sizesOf(this.numberOf(name));
  }

  /** Returns the sizes of an output's dimensions, trace by trace. */
  outputSizes(index = 0): Sizes[] {
    return this.graph.sizesOf(this.nodes[0].outputs[index]);
  }

  get outputs(): readonly number[] {
    return this.nodes[0].outputs;
  }

  outputForm(index = 0): Form {
    return this.graph.first.forms[this.nodes[0].outputs[index]];
  }

  /** Returns an attribute that is the same in all traces. */
  attribute<T>(name: string): T {
    const [first, ...others] = this.varying<T>(name);
    if (others.every((other) => JSON.stringify(other) === JSON.stringify(first))) return first;
    throw new ModelError(FN, `${name} of ${this.kernel} must not follow the sizes of dynamic dimensions`, first);
  }

  /** Returns an attribute, trace by trace. */
  varying<T>(name: string): T[] {
    return this.nodes.map(({ attributes }) => attributes[name] as T);
  }

  private numberOf(name: string): number {
    return this.nodes[0].inputs.get(name) as number;
  }
}

/** Writing of one kernel: its result's form, and its operators, of which it returns the names of the outputs. */
export interface Rule {
  infer(forms: ReadonlyMap<string, Form>, attributes: Readonly<Record<string, unknown>>): Form | Form[];
  write(call: Call): string | string[];
}
