import type { KernelBackend, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { RECORDER } from "../../backend/recorder";
import { product } from "../../numeric";
import { ModelError } from "../error";
import { FN } from "./names";
import { inferences } from "./rules";
import type { Attributes, Dtype, Form, RecordedNode, Source, Trace } from "./types";

type Values = Float32Array | Int32Array | Uint8Array;

/** Kernels whose result is the memory of their input. */
const SHARING = new Set(["Identity", "Reshape", "ExpandDims"]);

/** Tensors and kernels of one run. */
export class Recording {
  readonly nodes: RecordedNode[] = [];
  readonly forms: Form[] = [];
  readonly sources = new Map<number, Source>();
  /** Names of the modules that are computing, outermost first. */
  readonly scopes: string[] = [];
  /** Module in which an error arose. */
  failed: string | null = null;
  /** Bytes of tensors that are held, and the most that were at one time; parameters and what was there before do not count. */
  readonly memory = { held: 0, peak: 0 };
  /** Shapes of what modules returned, by their names. */
  readonly shapes = new Map<string, number[]>();
  private readonly numbers = new WeakMap<object, number>();
  private readonly examples = new Map<number, number>();
  private readonly references = new WeakMap<object, number>();
  /** Data whose bytes other data shares. */
  private readonly roots = new WeakMap<object, object>();

  /** @param parameters names of the parameters' data */
  constructor(private readonly parameters: ReadonlyMap<object, string>) {}

  get scope(): string {
    return this.scopes[this.scopes.length - 1] ?? "";
  }

  /** Registers new data. */
  add(dataId: object, form: Form, source?: Source): number {
    if (source?.kind !== "parameter") this.hold(dataId, bytesOf(form));
    return this.number(dataId, form, source);
  }

  private number(dataId: object, form: Form, source?: Source): number {
    const number = this.forms.push(form) - 1;
    this.numbers.set(dataId, number);
    if (source) this.sources.set(number, source);
    return number;
  }

  private hold(dataId: object, bytes: number): void {
    this.references.set(dataId, 1);
    this.memory.held += bytes;
    this.memory.peak = Math.max(this.memory.peak, this.memory.held);
  }

  /** Counts one more reference to data, or one less; the last one frees it. Returns whether it is free. */
  refer(dataId: object, change: 1 | -1): boolean {
    const [known, number] = [this.references.get(dataId), this.numbers.get(dataId)];
    if (known === undefined || known <= 0 || number === undefined) return true;
    const count = known + change;
    this.references.set(dataId, count);
    if (count > 0) return false;
    const root = this.roots.get(dataId);
    if (root) this.refer(root, -1);
    else this.memory.held -= bytesOf(this.forms[number]);
    return true;
  }

  /** Registers data that shares the memory of a kernel's input. */
  private addShared(dataId: object, form: Form, input: object): number {
    const root = this.roots.get(input) ?? input;
    this.roots.set(dataId, root);
    this.references.set(dataId, 1);
    this.refer(root, 1);
    return this.number(dataId, form);
  }

  referencesTo(dataId: object): number {
    return this.references.get(dataId) ?? 0;
  }

  /** Makes an input of the model. Its values are `example` throughout, where the model reads integers while it runs. */
  input(name: string, form: Form, example: number): Tensor {
    const dataId = {};
    const number = this.add(dataId, form, { kind: "input", name });
    this.examples.set(number, example);
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...form.shape], dtype: form.dtype });
  }

  /** Returns the number of a tensor; parameters and tensors made before the recording are registered at first sight. */
  numberOf(tensor: TensorInfo): number {
    const known = this.numbers.get(tensor.dataId);
    if (known !== undefined) return known;
    const form = { shape: [...tensor.shape], dtype: tensor.dtype as Dtype };
    const name = this.parameters.get(tensor.dataId);
    if (name !== undefined) return this.add(tensor.dataId, form, { kind: "parameter", name });
    const values = tf.engine().readSync(tensor.dataId) as Values;
    return this.add(tensor.dataId, form, { kind: "constant", values: values.slice() });
  }

  /** Returns the values of a constant, or the example values of an input. */
  valuesOf(dataId: object): Values {
    const number = this.numbers.get(dataId);
    const source = number === undefined ? undefined : this.sources.get(number);
    if (source?.kind === "constant") return source.values;
    const example = number === undefined ? undefined : this.examples.get(number);
    if (example !== undefined && this.forms[number as number].dtype === "int32")
      return new Int32Array(sizeOf(this.forms[number as number])).fill(example);
    const maker = this.nodes.find((node) => number !== undefined && node.outputs.includes(number));
    throw new ModelError(
      FN,
      `a model that is written must not read values while it runs (in ${this.scope || "the model"})`,
      maker?.kernel ?? "a value",
    );
  }

  /** Records a kernel and returns its outputs without values. */
  run(kernel: string, inputs: NamedTensorInfoMap | TensorInfo[], attributes: Attributes): TensorInfo | TensorInfo[] {
    const given = Object.entries(inputs as Record<string, TensorInfo | undefined>).filter(([, value]) => value);
    const numbers = new Map(given.map(([name, tensor]) => [name, this.numberOf(tensor as TensorInfo)]));
    const forms = new Map([...numbers].map(([name, number]) => [name, this.forms[number]]));
    const inferred = this.infer(kernel, forms, attributes);
    const made = [inferred].flat().map((form) => {
      const info = { dataId: {}, shape: [...form.shape], dtype: form.dtype };
      const shared = SHARING.has(kernel) ? (given[0][1] as TensorInfo).dataId : null;
      return { info, number: shared ? this.addShared(info.dataId, form, shared) : this.add(info.dataId, form) };
    });
    const outputs = made.map(({ number }) => number);
    this.nodes.push({ kernel, inputs: numbers, attributes: { ...attributes }, outputs, scope: this.scope });
    const infos = made.map(({ info }) => info as unknown as TensorInfo);
    return Array.isArray(inferred) ? infos : infos[0];
  }

  private infer(kernel: string, forms: ReadonlyMap<string, Form>, attributes: Attributes): Form | Form[] {
    const infer = inferences[kernel];
    if (infer) return infer(forms, attributes);
    throw unwritable(this.scope, kernel);
  }

  /** Returns the recording, with the numbers of the model's outputs. */
  finish(outputs: ReadonlyMap<string, Tensor>): Trace {
    const numbers = new Map([...outputs].map(([name, tensor]) => [name, this.numberOf(tensor)]));
    return { nodes: this.nodes, forms: this.forms, sources: this.sources, outputs: numbers };
  }
}

const sizeOf = ({ shape }: Form): number => product(shape);
const bytesOf = (form: Form): number => sizeOf(form) * (form.dtype === "bool" ? 1 : 4);

const unwritable = (scope: string, kernel: string): ModelError =>
  new ModelError(FN, `every operation must be known as ONNX operators (in ${scope || "the model"})`, kernel);

/** Recording of the run in progress. */
let current: Recording | null = null;

function active(): Recording {
  if (current) return current;
  throw new ModelError(FN, "tensors of a recording end with it", "a tensor used afterwards");
}

/** Device of tfjs that computes nothing and records the operations. */
const DEVICE = {
  refCount: (dataId: object) => current?.referencesTo(dataId) ?? 0,
  incRef: (dataId: object) => void current?.refer(dataId, 1),
  decRef: (dataId: object) => void current?.refer(dataId, -1),
  timerAvailable: () => false,
  numDataIds: () => 0,
  disposeData: (dataId: object) => current?.refer(dataId, -1) ?? true,
  memory: () => ({ unreliable: true }),
  floatPrecision: () => 32,
  epsilon: () => 1e-7,
  dispose: () => {},
  readSync: (dataId: object) => active().valuesOf(dataId),
  read: async (dataId: object) => active().valuesOf(dataId),
  write: (values: Values | number[], shape: number[], dtype: Dtype): object => {
    const dataId = {};
    active().add(dataId, { shape, dtype }, { kind: "constant", values: typed(values, dtype) });
    return dataId;
  },
  move: () => {
    throw new ModelError(FN, "tensors stay on their device while a model is written", "a tensor");
  },
};

function typed(values: Values | number[] | null, dtype: Dtype): Values {
  if (!values) return new Float32Array(0);
  if (dtype === "int32") return Int32Array.from(values);
  return dtype === "bool" ? Uint8Array.from(values) : Float32Array.from(values);
}

let registered = false;

/** Registers the device and its kernels; kernels of the device in use that are unknown are refused when they run. */
function register(): void {
  const others = tf.getKernelsForBackend(tf.getBackend()).map(({ kernelName }) => kernelName);
  const names = new Set([...others, ...Object.keys(inferences)]);
  for (const kernelName of names) {
    if (tf.getKernel(kernelName, RECORDER)) continue;
    const kernelFunc: Parameters<typeof tf.registerKernel>[0]["kernelFunc"] = ({ inputs, attrs }) =>
      active().run(kernelName, inputs, (attrs ?? {}) as Attributes);
    tf.registerKernel({ kernelName, backendName: RECORDER, kernelFunc });
  }
  if (!registered) tf.registerBackend(RECORDER, () => DEVICE as unknown as KernelBackend);
  registered = true;
}

/**
 * Runs a function on the recording device. The device in use is in place again afterwards, also after an error.
 *
 * @param parameters names of the parameters' data
 */
export function record(
  parameters: ReadonlyMap<object, string>,
  run: (recording: Recording) => ReadonlyMap<string, Tensor>,
): Trace {
  register();
  const before = tf.getBackend();
  const recording = new Recording(parameters);
  current = recording;
  // tfjs changes a device whose start is synchronous before its promise is settled.
  void tf.setBackend(RECORDER);
  tf.engine().startScope("models.toOnnx");
  try {
    return recording.finish(run(recording));
  } catch (error) {
    throw unknownKernel(error, recording) ?? error;
  } finally {
    tf.engine().endScope();
    void tf.setBackend(before);
    current = null;
  }
}

/** Returns the refusal of a kernel that no device in use has, which tfjs reports before the device is asked. */
function unknownKernel(error: unknown, { failed }: Recording): ModelError | null {
  const found = error instanceof Error ? /^Kernel '(\w+)' not registered/.exec(error.message) : null;
  return found && unwritable(failed ?? "", found[1]);
}
