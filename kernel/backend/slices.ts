import type { NativeBackend } from "./native/backend";
import { sizeOf } from "./native/backend";
import type { Capture } from "./native/capture";
import type { Value } from "./native/recorder";
import type { ArrayOperand } from "./native/runtime";
import type { Tensor } from "./tensor";
import { tf } from "./tf";

/** Tensor that is made anew for each call. */
export interface Draw {
  make: (shape: number[]) => Tensor;
  value: Value;
}

/** Captured computation. */
export interface Known {
  capture: Capture;
  draws: readonly Draw[];
}

/** Captured computation of a part of the batch. */
export interface Slice extends Known {
  from: number;
  size: number;
}

/** Call of a captured computation. */
interface Call {
  slices: readonly Slice[];
  /** Inputs, parameters, and what was drawn. */
  given: readonly Tensor[];
  isBatch: readonly boolean[];
  /** Number of samples. */
  batch: number;
}

const native = (): NativeBackend => tf.backend() as unknown as NativeBackend;

function tensorOf({ data, dims }: ArrayOperand): Tensor {
  const backend = native();
  return tf.engine().makeTensorFromTensorInfo(backend.own(data, dims), tf.backend());
}

/** Takes arrays from the device's memory and fills them; they go back where that fails. */
function filling(shapes: readonly (readonly number[])[], fill: (arrays: ArrayOperand[]) => void): Tensor[] {
  const { pool } = native();
  const taken: (ArrayOperand & { data: Float32Array<ArrayBuffer> })[] = [];
  try {
    for (const dims of shapes) taken.push({ data: pool.take(sizeOf(dims)), dims });
    fill(taken);
  } catch (error) {
    for (const { data } of taken) pool.give(data);
    throw error;
  }
  return taken.map(tensorOf);
}

const operandOf = (tensor: Tensor): ArrayOperand => ({ data: native().read32(tensor), dims: tensor.shape });

/** Returns the part of an array that belongs to a part of the batch. */
function partOf({ data, dims: [rows, ...rest] }: ArrayOperand, { batch }: Call, { from, size }: Slice): ArrayOperand {
  const each = data.length / batch;
  return { data: data.subarray(from * each, (from + size) * each), dims: [(rows / batch) * size, ...rest] };
}

const inputsOf = (call: Call, slice: Slice): ArrayOperand[] =>
  call.given.map((tensor, i) => (call.isBatch[i] ? partOf(operandOf(tensor), call, slice) : operandOf(tensor)));

/** Computes the output in its shape, then the values to keep of each part. */
export function computeForward(call: Call, shape: readonly number[], kept: readonly Value[]): Tensor[] {
  const { runtime } = native();
  const shapes = [shape, ...call.slices.flatMap(({ capture }) => kept.map((value) => capture.shapeOf(value)))];
  return filling(shapes, ([y, ...rest]) =>
    call.slices.forEach((slice, i) => {
      const outputs = [partOf(y, call, slice), ...rest.slice(i * kept.length, (i + 1) * kept.length)];
      slice.capture.forward(runtime, inputsOf(call, slice), kept, outputs);
    }),
  );
}

/** Tensors that a forward computation left for its gradient. */
interface Kept {
  kept: readonly Value[];
  /** Kept values of each part in turn. */
  tensors: readonly Tensor[];
  dy: Tensor;
}

/** Computes gradients of the given tensors with the given numbers; those of shared ones are summed over the parts. */
export function computeBackward(call: Call, kept: Kept, wanted: readonly number[]): Tensor[] {
  const isShared = wanted.map((i) => !call.isBatch[i]);
  return filling(
    wanted.map((i) => call.given[i].shape),
    (sums) =>
      call.slices.forEach((slice, place) => {
        const targets = sums.map((sum, i) => (isShared[i] ? sum : partOf(sum, call, slice)));
        const compute = (outputs: ArrayOperand[]): void => backwardOf(call, kept, wanted, place, outputs);
        if (place === 0) compute(targets);
        else added(targets, isShared, compute);
      }),
  );
}

function backwardOf(
  call: Call,
  { kept, tensors, dy }: Kept,
  wanted: readonly number[],
  place: number,
  outputs: ArrayOperand[],
): void {
  const slice = call.slices[place];
  const operands = tensors.slice(place * kept.length, (place + 1) * kept.length).map(operandOf);
  const state = { kept, operands, dy: partOf(operandOf(dy), call, slice) };
  slice.capture.backward(native().runtime, inputsOf(call, slice), state, wanted, outputs);
}

/** Computes into arrays, and adds to those that are shared. */
function added(
  targets: ArrayOperand[],
  isShared: readonly boolean[],
  compute: (outputs: ArrayOperand[]) => void,
): void {
  const { pool } = native();
  const terms = targets.map(({ data }, i) => (isShared[i] ? pool.take(data.length) : null));
  try {
    compute(targets.map((target, i) => ({ data: terms[i] ?? target.data, dims: target.dims })));
    terms.forEach((term, i) => term && addTo(targets[i].data, term));
  } finally {
    for (const term of terms) if (term) pool.give(term);
  }
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}
