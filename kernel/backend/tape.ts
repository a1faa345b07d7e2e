import type { Tensor, Variable } from "./tensor";
import { tf } from "./tf";

/** Record of an operation for the gradient. */
interface TapeNode {
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  saved?: Tensor[];
}

/** State of tfjs's engine while it records operations for a gradient. */
interface Tape {
  gradientDepth: number;
  kernelDepth: number;
  activeTape: TapeNode[] | null;
}

const tape = (): Tape => tf.engine().state as unknown as Tape;

/** Tests whether operations are recorded for a gradient. */
export function isRecorded(): boolean {
  const { gradientDepth, kernelDepth } = tape();
  return gradientDepth > 0 && kernelDepth === 0;
}

/** Runs something as if no gradient were being computed; its tensors are freed. */
export function isolated<T>(body: () => T): T {
  const state = tape();
  const { gradientDepth, kernelDepth, activeTape } = state;
  Object.assign(state, { gradientDepth: 0, kernelDepth: 0, activeTape: null });
  let result: T | undefined;
  try {
    tf.tidy(() => void (result = body()));
    return result as T;
  } finally {
    for (const { saved } of state.activeTape ?? []) for (const tensor of saved ?? []) tensor.dispose();
    Object.assign(state, { gradientDepth, kernelDepth, activeTape });
  }
}

/** Tests whether a tensor was computed from a variable that is not frozen, by what is recorded. */
export function needsGradient(x: Tensor, isFrozen: (variable: Variable) => boolean): boolean {
  const nodes = tape().activeTape ?? [];
  const sources = new Set([x.id]);
  const isTrained = (tensor: Tensor): boolean => tensor instanceof tf.Variable && !isFrozen(tensor as Variable);
  if (isTrained(x)) return true;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { inputs, outputs } = nodes[i];
    if (!outputs.some(({ id }) => sources.has(id))) continue;
    for (const input of Object.values(inputs)) {
      if (isTrained(input)) return true;
      sources.add(input.id);
    }
  }
  return false;
}

/**
 * Returns the gradients of a function in tensors, undefined where it does not depend on one; also while another gradient
 * is being computed.
 */
export function gradientsOf(f: () => Tensor, xs: readonly Tensor[], dy: Tensor): (Tensor | undefined)[] {
  const state = tape();
  const { gradientDepth, activeTape } = state;
  try {
    return tf.engine().gradients(f, [...xs], dy, true).grads;
  } finally {
    // The engine would take the end of this gradient for the end of all.
    if (gradientDepth === 0) state.activeTape = activeTape;
  }
}
