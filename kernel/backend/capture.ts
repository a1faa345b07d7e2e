import { nativeDevice, tensorOf } from "./arrays";
import { canFuse } from "./fused";
import type { NativeDevice } from "./native/device";
import { Capture, type Recording } from "./native/capture";
import { partsOf } from "./native/parts";
import { NotRecordable, Recorder, type Value } from "./native/recorder";
import { computeBackward, computeForward, type Draw, type Known, type Slice } from "./slices";
import { gradientsOf, isolated, isRecorded, needsGradient } from "./tape";
import type { Tensor, Variable } from "./tensor";
import { tf } from "./tf";
import { trainingDevice } from "./tfjs";

/** Computation that can become one graph forward and one graph backward. */
export interface Capturable {
  /** Tells computations apart: with one key and the same shapes they compute the same. */
  key: string;
  inputs: readonly Tensor[];
  /**
   * Inputs whose first dimension, like that of the output and of what is drawn, is the batch. Samples are computed apart
   * from each other.
   */
  isBatch: readonly boolean[];
  /** Parameters that the computation reads. */
  parameters: readonly { readonly value: Variable; readonly trainable: boolean }[];
  /** Tests whether a variable needs no gradient. */
  isFrozen: (variable: Variable) => boolean;
  /** Keeps only the inputs for the gradient, which computes the rest again. */
  recompute: boolean;
  /** Computes by operations of tfjs, from inputs and parameters alone. */
  compute: (...inputs: Tensor[]) => Tensor;
}

/** Largest number of captures; those used longest ago are forgotten. */
const MOST = 64;
/** Captures by key and shapes; null for a computation that cannot be captured. */
const known = new Map<string, Known | null>();
let recordedDraws: Draw[] = [];
/** Tensors drawn by an earlier call, while its gradient computes again. */
let drawnBefore: Tensor[] | null = null;

/**
 * Returns a tensor that differs from call to call, such as the factors of a dropout, so that a captured computation draws anew.
 *
 * @param shape its first dimension is the batch, or some rows of each sample of it
 * @param make draws a tensor of a shape
 */
export function drawn(shape: number[], make: (shape: number[]) => Tensor): Tensor {
  const before = drawnBefore?.shift();
  if (before) return before;
  const recorder = trainingDevice() === "native" ? nativeDevice().recorder : null;
  if (!recorder) return make(shape);
  const value = recorder.input(shape);
  recordedDraws.push({ make, value });
  return tensorOf(nativeDevice().symbol(value));
}

/** Computes something as one graph; null where the device cannot. */
export function captured(computation: Capturable): Tensor | null {
  const all = [...computation.inputs, ...computation.parameters.map(({ value }) => value)];
  if (!canFuse(all) || nativeDevice().recorder || drawnBefore) return null;
  const parts = batchParts(computation);
  if (!parts) return null;
  const slices: Slice[] = [];
  let from = 0;
  for (const size of parts) {
    const found = find(computation, all, size);
    if (!found) return null;
    slices.push({ ...found, from, size });
    from += size;
  }
  return replay(slices, computation, all);
}

/** Number of values of an input that are computed at once; intermediate values of more would leave the cores' caches and take memory. */
const AT_ONCE = 2 ** 16;
/** Number of rows that are computed at once even if they are wide: a product packs its weights anew for each part. */
const ROWS_AT_ONCE = 400;

/** Returns the sizes of the parts of the batch that are computed one after the other; null for inputs of no one batch. */
function batchParts({ inputs, isBatch }: Capturable): number[] | null {
  const batched = inputs.filter((_, i) => isBatch[i]);
  const sizes = new Set(batched.map(({ shape }) => shape[0]));
  if (sizes.size !== 1 || sizes.has(undefined as never)) return null;
  const [{ shape, size }] = batched;
  return partsOf(shape[0], size, Math.max(AT_ONCE, ROWS_AT_ONCE * shape[shape.length - 1]));
}

/** Returns the capture for a part of the batch. */
function find(computation: Capturable, all: readonly Tensor[], size: number): Known | null {
  const { threadCount } = nativeDevice().runtime;
  const shapes = all.map(({ shape }, i) => (computation.isBatch[i] ? [size, ...shape.slice(1)] : shape));
  const key = `${computation.key} ${threadCount} ${shapes.map((shape) => shape.join()).join(";")}`;
  const before = known.get(key);
  const found = before === undefined ? record(computation, size) : before;
  known.delete(key);
  known.set(key, found);
  if (known.size > MOST) known.delete(known.keys().next().value as string);
  return found;
}

/** Records a computation and its gradient; null where it cannot be recorded. */
function record(computation: Capturable, size: number): Known | null {
  const device = nativeDevice();
  try {
    const shape = recording(() => computation.compute(...symbols(device, computation, size)).shape);
    return recording(() => recordGradient(device, computation, size, shape));
  } catch {
    // A wrong input fails in the computation itself, with a better error.
    return null;
  }
}

function recording<T>(body: () => T): T {
  const device = nativeDevice();
  device.recorder = new Recorder();
  recordedDraws = [];
  try {
    return isolated(body);
  } finally {
    device.recorder = null;
  }
}

/** Makes a symbol for each input, and knows the parameters. */
function symbols(device: NativeDevice, { inputs, isBatch, parameters }: Capturable, size: number): Tensor[] {
  const recorder = device.recorder as Recorder;
  const shapes = inputs.map(({ shape }, i) => (isBatch[i] ? [size, ...shape.slice(1)] : shape));
  const made = shapes.map((shape) => tensorOf(device.symbol(recorder.input(shape))));
  for (const { value } of parameters) recorder.know(value.dataId, value.shape);
  return made;
}

function recordGradient(device: NativeDevice, computation: Capturable, size: number, shape: number[]): Known {
  const recorder = device.recorder as Recorder;
  const inputs = symbols(device, computation, size);
  const count = inputs.length + computation.parameters.length;
  const outputGradient = recorder.input(shape);
  const dy = tensorOf(device.symbol(outputGradient));
  const xs = [...inputs, ...computation.parameters.map(({ value }) => value)];
  const { value, grads } = tf.engine().gradients(() => computation.compute(...inputs), xs, dy, true);
  const valueOf = (tensor: Tensor): Value => recorder.valueOf(tensor, device.entryOf(tensor));
  const recorded: Recording = {
    recorder,
    given: [...Array.from({ length: count }, (_, i) => i), ...recordedDraws.map((draw) => draw.value)],
    output: valueOf(value),
    outputGradient,
    gradients: (grads as (Tensor | undefined)[]).map((gradient) => (gradient ? valueOf(gradient) : null)),
  };
  const areRows = recordedDraws.every((draw) => recorder.values[draw.value].shape[0] % size === 0);
  if (shape[0] !== size || !areRows) throw new NotRecordable("output and draws must be batches", shape);
  return { capture: new Capture(recorded), draws: recordedDraws };
}

/** Computes the output part by part; the gradient computes those of trainable parameters at once, others when asked. */
function replay(slices: readonly Slice[], computation: Capturable, all: readonly Tensor[]): Tensor {
  const [{ capture, draws }] = slices;
  const { gradients, output } = capture.recording;
  const batch = slices.reduce((sum, { size }) => sum + size, 0);
  const isBatch = [...all.map((_, i) => computation.isBatch[i] ?? false), ...draws.map(() => true)];
  const whole = (value: Value): number[] => {
    const [rows, ...rest] = capture.shapeOf(value);
    return [(rows / slices[0].size) * batch, ...rest];
  };
  const wanted = isRecorded() ? wantedOf(computation).filter((i) => gradients[i] !== null) : [];
  const kept = wanted.length && !computation.recompute ? capture.kept(wanted) : [];
  const forwardFunc = (_: unknown, save: (tensors: Tensor[]) => void): Tensor => {
    const given = [...all, ...draws.map(({ make, value }) => make(whole(value)))];
    const [y, ...rest] = computeForward({ slices, given, isBatch, batch }, whole(output), kept);
    save([...given, ...rest]);
    return y;
  };
  const backwardsFunc = (dy: Tensor, saved: Tensor[]): Record<string, () => Tensor> => {
    const given = saved.slice(0, isBatch.length);
    if (isRecorded()) return composedGradients(computation, given, dy);
    const state = { kept, tensors: saved.slice(given.length), dy };
    const gradientsOf = (places: readonly number[]): Tensor[] =>
      places.length ? computeBackward({ slices, given, isBatch, batch }, state, places) : [];
    const found = gradientsOf(wanted);
    return Object.fromEntries(all.map((_, i) => [i, () => found[wanted.indexOf(i)] ?? gradientsOf([i])[0]]));
  };
  const differentiable = all.flatMap((tensor, i) => (gradients[i] === null ? [] : [[i, tensor] as const]));
  const operation = { forwardFunc, backwardsFunc, inputs: Object.fromEntries(differentiable) };
  return (tf.engine() as unknown as Engine).runKernelFunc(operation);
}

/** Function of tfjs's engine below `customGrad`, which would compute all gradients. */
interface Engine {
  runKernelFunc(operation: object): Tensor;
}

/** Returns the numbers of the inputs and parameters whose gradient will be needed. */
function wantedOf({ inputs, parameters, isFrozen }: Capturable): number[] {
  const flags = [...inputs.map((input) => needsGradient(input, isFrozen)), ...parameters.map((one) => one.trainable)];
  return flags.flatMap((flag, i) => (flag ? [i] : []));
}

/** Gradients by operations of tfjs, which can be differentiated once more. */
function composedGradients(
  { inputs, parameters, compute }: Capturable,
  given: readonly Tensor[],
  dy: Tensor,
): Record<string, () => Tensor> {
  const xs = given.slice(0, inputs.length);
  const all = [...xs, ...parameters.map(({ value }) => value)];
  drawnBefore = given.slice(all.length);
  try {
    const grads = gradientsOf(() => compute(...xs), all, dy);
    return Object.fromEntries(grads.map((gradient, i) => [i, () => gradient as Tensor]));
  } finally {
    drawnBefore = null;
  }
}
