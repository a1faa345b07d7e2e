import { product } from "../numeric";
import { nativeDevice, tensorOf } from "./arrays";
import type { BackwardState, Capture } from "./native/capture";
import type { Value } from "./native/recorder";
import type { ArrayOperand } from "./native/runtime";
import type { Tensor } from "./tensor";

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

/** Takes arrays from the device's memory and fills them; they go back where that fails. */
function filling(shapes: readonly (readonly number[])[], fill: (arrays: ArrayOperand[]) => void): Tensor[] {
  const device = nativeDevice();
  const { pool } = device;
  const taken: (ArrayOperand & { data: Float32Array<ArrayBuffer> })[] = [];
  try {
    for (const dims of shapes) taken.push({ data: pool.take(product(dims)), dims });
    fill(taken);
  } catch (error) {
    for (const { data } of taken) pool.give(data);
    throw error;
  }
  return taken.map(({ data, dims }) => tensorOf(device.own(data, dims)));
}

const operandOf = (tensor: Tensor): ArrayOperand => ({ data: nativeDevice().read32(tensor), dims: tensor.shape });

/** Returns the part of an array that belongs to a part of the batch. */
function partOf({ data, dims: [rows, ...rest] }: ArrayOperand, { batch }: Call, { from, size }: Slice): ArrayOperand {
  const each = data.length / batch;
  return { data: data.subarray(from * each, (from + size) * each), dims: [(rows / batch) * size, ...rest] };
}

const inputsOf = (call: Call, slice: Slice): ArrayOperand[] =>
  call.given.map((tensor, i) => (call.isBatch[i] ? partOf(operandOf(tensor), call, slice) : operandOf(tensor)));

/** Computes the output in its shape, then the values to keep of each part. */
export function computeForward(call: Call, shape: readonly number[], kept: readonly Value[]): Tensor[] {
  const { runtime } = nativeDevice();
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
  const shapes = wanted.map((i) => call.given[i].shape);
  // The first part is added to zeros, because a second graph that does not add would keep as much memory as the other.
  const isAdded = isShared.map((shared) => shared && call.slices.length > 1);
  return filling(shapes, (sums) => {
    sums.forEach(({ data }, i) => isAdded[i] && data.fill(0));
    call.slices.forEach((slice, place) => {
      const outputs = sums.map((sum, i) => (isShared[i] ? sum : partOf(sum, call, slice)));
      slice.capture.backward(
        nativeDevice().runtime,
        inputsOf(call, slice),
        stateOf(call, kept, place),
        wanted,
        outputs,
        isAdded,
      );
    });
  });
}

/** Returns what a part of the batch left for its gradient. */
function stateOf(call: Call, { kept, tensors, dy }: Kept, place: number): BackwardState {
  const operands = tensors.slice(place * kept.length, (place + 1) * kept.length).map(operandOf);
  return { kept, operands, dy: partOf(operandOf(dy), call, call.slices[place]) };
}
