import { canFuse, fused, type FusedAttributes, type FusedName } from "../../backend/fused";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";

/** Gradients by the names of the inputs, each computed when it is needed: those of frozen weights never are. */
export type LazyGradients = Record<string, () => Tensor>;

/** Fused operation with its gradient. */
export interface FusedOperation {
  name: FusedName;
  /** Tensors in which the gradient is known, by name; the operation takes them in this order. */
  inputs: Record<string, Tensor>;
  /** Further tensors that the operation takes. Default: none. */
  extras?: readonly Tensor[];
  attrs?: FusedAttributes;
  /** Returns the tensors that the gradient needs. Default: the inputs. */
  saved?: (y: Tensor) => Tensor[];
  gradients: (dy: Tensor, saved: Tensor[]) => LazyGradients;
}

/** Runs a fused operation; null where the device does not have it. */
export function fusedOperation({ name, inputs, extras = [], attrs, saved, gradients }: FusedOperation): Tensor | null {
  const list = [...Object.values(inputs), ...extras];
  if (!canFuse(list)) return null;
  const forwardFunc = (_: unknown, save: (tensors: Tensor[]) => void): Tensor => {
    const [y] = fused(name, list, attrs) as Tensor[];
    save(saved?.(y) ?? Object.values(inputs));
    return y;
  };
  return (tf.engine() as unknown as Engine).runKernelFunc({ forwardFunc, backwardsFunc: gradients, inputs });
}

/** Function of tfjs's engine below `customGrad`, which would compute the gradients of frozen weights too. */
interface Engine {
  runKernelFunc(operation: {
    forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor;
    backwardsFunc: (dy: Tensor, saved: Tensor[]) => LazyGradients;
    inputs: Record<string, Tensor>;
  }): Tensor;
}

/** Returns the one output of a fused operation, or computes it by the formula. */
export function fusedOr(
  name: FusedName,
  inputs: readonly Tensor[],
  attrs: FusedAttributes,
  formula: () => Tensor,
): Tensor {
  return fused(name, inputs, attrs)?.[0] ?? formula();
}
