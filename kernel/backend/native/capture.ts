import type { Recorder, Value } from "./recorder";
import type { ArrayOperand, NativeRuntime } from "./runtime";
import { valuesToKeep } from "./saved";
import type { NativeSession, Operand } from "./session";

/** Recorded computation with its gradient. */
export interface Recording {
  recorder: Recorder;
  /** Inputs and parameters, then values that are drawn anew for each call. */
  given: readonly Value[];
  output: Value;
  /** Gradient of the output. */
  outputGradient: Value;
  /** Gradients of the inputs and parameters; null where the output does not depend on one. */
  gradients: readonly (Value | null)[];
}

/** Graph with the values that it takes and gives. */
interface Part {
  session: NativeSession;
  given: readonly Value[];
  wanted: readonly Value[];
  isAdded: readonly boolean[];
}

/** Values that a gradient is computed from beside the inputs. */
export interface BackwardState {
  kept: readonly Value[];
  /** Kept values in their order. */
  operands: readonly Operand[];
  dy: Operand;
}

/** Recorded computation in two graphs, forward and backward. They keep the memory of intermediate values from call to call. */
export class Capture {
  private readonly parts = new Map<string, Part>();
  private readonly keeping = new Map<string, Value[]>();

  constructor(readonly recording: Recording) {}

  /** Returns the values to keep for some gradients. */
  kept(wanted: readonly number[]): Value[] {
    const key = wanted.join();
    const known = this.keeping.get(key);
    if (known) return known;
    const { recorder, given, outputGradient, gradients } = this.recording;
    const goals = wanted.flatMap((i) => gradients[i] ?? []);
    const before = recorder.nodesBetween([], [this.recording.output]);
    const forward = new Set(before.flatMap(({ outputs }) => outputs));
    const after = recorder.nodesBetween([...given, outputGradient, ...forward], goals);
    const read = [...after.flatMap(({ inputs }) => inputs), ...goals].filter((value) => forward.has(value));
    const found = valuesToKeep(recorder, new Set([...given, outputGradient]), read);
    this.keeping.set(key, found);
    return found;
  }

  /** Computes the output, and values to keep, into given arrays. */
  forward(
    runtime: NativeRuntime,
    inputs: readonly Operand[],
    kept: readonly Value[],
    outputs: readonly ArrayOperand[],
  ): void {
    const { given, output } = this.recording;
    this.run(runtime, this.part(runtime, given, [output, ...kept]), given, inputs, outputs);
  }

  /**
   * Computes gradients of the inputs with the given numbers, into given arrays.
   *
   * @param isAdded gradients that are added to the values in their arrays
   */
  backward(
    runtime: NativeRuntime,
    inputs: readonly Operand[],
    { kept, operands, dy }: BackwardState,
    wanted: readonly number[],
    outputs: readonly ArrayOperand[],
    isAdded: readonly boolean[],
  ): void {
    const { given, outputGradient, gradients } = this.recording;
    const values = [...given, ...kept, outputGradient];
    const goals = wanted.map((i) => gradients[i] as Value);
    const part = this.part(runtime, values, goals, isAdded);
    this.run(runtime, part, values, [...inputs, ...operands, dy], outputs);
  }

  /** Returns the shape of a value. */
  shapeOf(value: Value): readonly number[] {
    return this.recording.recorder.values[value].shape;
  }

  private run(
    runtime: NativeRuntime,
    part: Part,
    values: readonly Value[],
    operands: readonly Operand[],
    outputs: readonly ArrayOperand[],
  ): void {
    const places = new Map(values.map((value, i) => [value, i]));
    const inputs = part.given.map((value) => operands[places.get(value) as number]);
    // An array may be read and written at once: the addition, of value by value, is the last use of both.
    const sums = outputs.filter((_, i) => part.isAdded[i]);
    runtime.fill(part.session, [...inputs, ...sums], outputs);
  }

  private part(
    runtime: NativeRuntime,
    given: readonly Value[],
    wanted: readonly Value[],
    isAdded: readonly boolean[] | null = null,
  ): Part {
    const key = `${given.join()} > ${wanted.join()} ${isAdded?.join()}`;
    const known = this.parts.get(key);
    if (known) return known;
    const { recorder } = this.recording;
    const nodes = recorder.nodesBetween(given, wanted);
    const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...wanted]);
    const needed = given.filter((value) => read.has(value));
    const session = runtime.load(recorder.graph(needed, wanted, isAdded));
    const made = { session, given: needed, wanted, isAdded: isAdded ?? [] };
    this.parts.set(key, made);
    return made;
  }
}
