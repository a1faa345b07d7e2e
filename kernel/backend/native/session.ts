import { type Graph, STOP } from "./graph";

/** Tensor in the form that onnxruntime's binding reads. */
export interface Operand {
  data: Float32Array | Int32Array | BigInt64Array;
  dims: readonly number[];
}

interface BoundTensor extends Operand {
  type: "float32" | "int32" | "int64";
  location: "cpu";
}

/** Results of a run by name. */
export type BoundResults = Record<string, { data: Float32Array } | undefined>;

/** Session of onnxruntime-node's binding, whose calls return when they are done. */
export interface BoundSession {
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: object): void;
  run(feeds: Record<string, BoundTensor>, fetches: Record<string, BoundTensor | null>, options: object): BoundResults;
  dispose(): void;
}

/** Binding of onnxruntime-node. */
export interface Binding {
  InferenceSession: new () => BoundSession;
}

/** Options of a session. */
export interface NativeSessionOptions {
  /** Threads inside one operator. */
  threads: number;
  /** Keeps intermediate values' memory from run to run. Default false: a graph of one operator has none. */
  arena?: boolean;
}

const FATAL = 4;

/**
 * Returns options of the runtime: threads that wait for work by spinning would make other programs and other sessions on
 * the same cores many times slower.
 */
const runtimeOptions = ({ threads, arena = false }: NativeSessionOptions): object => ({
  executionProviders: ["cpu"],
  executionMode: "sequential",
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  enableCpuMemArena: arena,
  enableMemPattern: false,
  logSeverityLevel: FATAL,
  extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
});

const RUN_OPTIONS = { logSeverityLevel: FATAL };

/** Message with which the binding refuses {@link STOP}. */
const STOPPED = /^Tensor type \(\d+\) is not supported\.?$/;

/** One graph, loaded. */
export class NativeSession {
  private readonly session: BoundSession;
  private readonly inputs: readonly string[];
  private readonly outputs: readonly string[];

  constructor(binding: Binding, graph: Graph, options: NativeSessionOptions) {
    const bytes = graph.bytes();
    this.session = new binding.InferenceSession();
    this.session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, runtimeOptions(options));
    this.inputs = graph.inputs;
    this.outputs = graph.outputs;
  }

  /** Computes into the given arrays, without the copy that the binding makes of each result. */
  runInto(inputs: readonly Operand[], outputs: readonly Operand[]): void {
    const fetches: Record<string, BoundTensor | null> = { [STOP]: null };
    outputs.forEach((output, i) => (fetches[this.outputs[i]] = bound(output)));
    const { stackTraceLimit } = Error;
    // The expected error needs no stack, which would cost more than the call.
    Error.stackTraceLimit = 0;
    try {
      this.session.run(this.feeds(inputs), fetches, RUN_OPTIONS);
    } catch (error) {
      if (!STOPPED.test((error as Error).message)) throw error;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  /** Computes into new arrays, which is faster for small results. Returns less where the binding does not compute at once. */
  run(inputs: readonly Operand[]): Float32Array[] {
    const fetches: Record<string, null> = {};
    for (const name of this.outputs) fetches[name] = null;
    const results = this.session.run(this.feeds(inputs), fetches, RUN_OPTIONS);
    return this.outputs.flatMap((name) => results[name]?.data ?? []);
  }

  dispose(): void {
    this.session.dispose();
  }

  private feeds(inputs: readonly Operand[]): Record<string, BoundTensor> {
    const feeds: Record<string, BoundTensor> = {};
    for (let i = 0; i < inputs.length; i++) feeds[this.inputs[i]] = bound(inputs[i]);
    return feeds;
  }
}

function bound({ data, dims }: Operand): BoundTensor {
  const type = data instanceof Float32Array ? "float32" : data instanceof Int32Array ? "int32" : "int64";
  return { type, data, dims, location: "cpu" };
}
