import type { Tensor, Variable } from "../../backend/tensor";
import { gradientsOf, isRecorded } from "../../backend/tape";
import { tf } from "../../backend/tf";
import { isTensor, replaceTensors, tensorsIn } from "./arguments";
import { NnError } from "../error";
import { sharedRandom } from "./random";

/** Module whose parameters a gradient needs. */
interface Parametrized {
  namedParameters(): ReadonlyMap<string, { readonly value: Variable; readonly trainable: boolean }>;
}

const chosen = new WeakSet<object>();
/** Modules whose `forward` runs in a recomputation; the calls of the classes that it extends are parts of it. */
const running = new WeakSet<object>();

/** Chooses whether a module's intermediate values are computed again for the gradient, in place of kept. */
export function setRecomputed(module: object, on: boolean): void {
  if (on) chosen.add(module);
  else chosen.delete(module);
}

/** Tests whether a module's intermediate values are computed again. */
export const isRecomputed = (module: object): boolean => chosen.has(module);

/** Tests whether a call of `forward` has to be made by {@link recomputed}. */
export const needsRecomputation = (module: object): boolean =>
  chosen.has(module) && !running.has(module) && isRecorded();

/**
 * Computes a module's output and keeps only its inputs; the gradient computes the rest again with the same random numbers
 * (Chen et al., arXiv 1604.06174).
 *
 * @param inputs arguments of `forward`: tensors, objects of tensors, and others, which must not change
 * @throws NnError where `forward` returns anything but one tensor
 */
export function recomputed(
  module: object,
  inputs: readonly unknown[],
  forward: (inputs: readonly unknown[]) => unknown,
): Tensor {
  const given = tensorsIn(inputs);
  const variables = parametersOf(module);
  const random = sharedRandom().state;
  const forwardFunc = (_: unknown, save: (tensors: Tensor[]) => void): Tensor => {
    save(given);
    return alone(module, () => oneTensor(module, forward(inputs)));
  };
  const backwardsFunc = (dy: Tensor, saved: Tensor[]): Record<string, () => Tensor> => {
    const again = (): Tensor => oneTensor(module, forward(replaceTensors(inputs, saved)));
    const all = [...saved, ...variables];
    const grads = withRandom(random, () => alone(module, () => gradientsOf(again, all, dy)));
    return Object.fromEntries(all.map((x, i) => [i, () => grads[i] ?? tf.zerosLike(x)]));
  };
  const differentiable = [...given, ...variables]
    .map((x, i) => [i, x] as const)
    .filter(([, x]) => x.dtype === "float32");
  const operation = { forwardFunc, backwardsFunc, inputs: Object.fromEntries(differentiable) };
  return (tf.engine() as unknown as { runKernelFunc(operation: object): Tensor }).runKernelFunc(operation);
}

const parametersOf = (module: object): Variable[] =>
  [...(module as Parametrized).namedParameters().values()].flatMap(({ value, trainable }) => (trainable ? value : []));

function oneTensor(module: object, output: unknown): Tensor {
  if (isTensor(output)) return output;
  throw new NnError("train.fit", "a module that recomputes must return one tensor", module.constructor.name);
}

function alone<T>(module: object, body: () => T): T {
  running.add(module);
  try {
    return body();
  } finally {
    running.delete(module);
  }
}

/** Runs something with an earlier state of the shared random numbers. */
function withRandom<T>(state: number[], body: () => T): T {
  const random = sharedRandom();
  const before = random.state;
  random.state = state;
  try {
    return body();
  } finally {
    random.state = before;
  }
}
