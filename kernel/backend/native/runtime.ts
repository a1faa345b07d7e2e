import type { TensorInfo } from "@tensorflow/tfjs-core";
import { most } from "../../numeric";
import { DeviceError } from "../types";
import { Graph } from "./graph";
import { type Binding, NativeSession, type Operand } from "./session";

/** Numbers and flags of a fused operation. */
export type FusedAttributes = Readonly<Record<string, number>>;

/** Fused operation for given inputs: its graph and the shapes of its outputs. */
export interface FusedPlan {
  operation: Operation;
  shapes: number[][];
}

/** Plans a fused operation of float32 tensors that are not empty; null where it does not take them. */
export type FusedPlanner = (inputs: readonly TensorInfo[], attrs: FusedAttributes) => FusedPlan | null;

/** Emits an operation into a graph: takes names of inputs, returns names of outputs. */
export type Emit = (graph: Graph, inputs: readonly string[]) => readonly string[];

/** Operation as a graph. */
export interface Operation {
  /** Distinguishes this graph from all others; operations of one key share a session. */
  key: string;
  emit: Emit;
  /** Emits it into the graph of its gradient, where it can share values with the gradient. Default: as `emit`. */
  again?: Emit;
  /** Keeps memory of intermediate values from call to call. Default false. */
  arena?: boolean;
  /** True for products, which take longer to compute again than their results are worth. Default false. */
  heavy?: boolean;
}

/** Tensor in single precision. */
export interface ArrayOperand extends Operand {
  data: Float32Array;
}

/** Number of values up to which the binding's copy of a result is faster than the way around it. */
const SMALL = 4096;

/** Largest number of sessions of operations, some of which are for one size; those used longest ago are dropped. */
const MOST_SESSIONS = 128;

/** Runs operations, each in a session that is made when it is first needed. */
export class NativeRuntime {
  private readonly sessions = new Map<string, NativeSession>();
  private intoArrays = false;

  /** @param threads number of threads inside one operator */
  constructor(
    private readonly binding: Binding,
    private threads: number,
  ) {
    this.probe();
  }

  /** Number of threads inside one operator. */
  get threadCount(): number {
    return this.threads;
  }

  /** Changes the number of threads. */
  useThreads(threads: number): void {
    if (threads === this.threads) return;
    this.dispose();
    this.threads = threads;
  }

  /** Tests whether results of this size are computed into given arrays. */
  takesArrays(values: number): boolean {
    return this.intoArrays && values > SMALL;
  }

  /** Runs a session into given arrays, by the faster way for their size. */
  fill(session: NativeSession, inputs: readonly Operand[], outputs: readonly ArrayOperand[]): void {
    if (this.takesArrays(most(outputs.map(({ data }) => data.length)))) session.runInto(inputs, outputs);
    else session.run(inputs).forEach((values, i) => outputs[i].data.set(values));
  }

  /** Loads a graph in a session that belongs to the caller. */
  load(graph: Graph): NativeSession {
    return new NativeSession(this.binding, graph, { threads: this.threads, arena: true });
  }

  dispose(): void {
    for (const session of this.sessions.values()) session.dispose();
    this.sessions.clear();
  }

  /** Returns the session of an operation; it is made when it is first needed. */
  sessionOf({ key, emit, arena }: Operation, inputs: readonly Operand[]): NativeSession {
    const known = this.sessions.get(key);
    if (known) return this.keep(key, known);
    const graph = new Graph();
    const names = inputs.map(({ data }) =>
      graph.input(data instanceof Float32Array ? "float" : data instanceof Int32Array ? "int32" : "int64"),
    );
    for (const name of emit(graph, names)) graph.output(name);
    return this.keep(key, new NativeSession(this.binding, graph, { threads: this.threads, arena }));
  }

  private keep(key: string, session: NativeSession): NativeSession {
    this.sessions.delete(key);
    this.sessions.set(key, session);
    if (this.sessions.size <= MOST_SESSIONS) return session;
    const [[oldest, unused]] = this.sessions;
    unused.dispose();
    this.sessions.delete(oldest);
    return session;
  }

  /**
   * Checks the binding on a product: a version that computes in the background cannot serve, and one that treats the
   * outputs of {@link NativeSession.runInto} differently serves with copies.
   *
   * @throws DeviceError for a binding that does not compute at once, or wrongly
   */
  private probe(): void {
    const product: Operation = { key: "probe", emit: (graph, inputs) => [graph.node("MatMul", inputs)] };
    const x: Operand = { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] };
    const session = this.sessionOf(product, [x, x]);
    const [y] = session.run([x, x]);
    if (y?.join() !== PRODUCT)
      throw new DeviceError("nn.start", `onnxruntime-node must compute at once: [1 2; 3 4]² is ${PRODUCT}`, y?.join());
    const into = { data: new Float32Array(4), dims: [2, 2] };
    try {
      session.runInto([x, x], [into]);
      this.intoArrays = into.data.join() === PRODUCT;
    } catch {
      this.intoArrays = false;
    }
  }
}

const PRODUCT = "7,10,15,22";
