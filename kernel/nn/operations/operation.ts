import { isRecorded } from "../../backend/tape";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";

/** Numbers, lists and texts that determine an operation beside its tensors. */
export type OperationAttributes = Readonly<Record<string, number | string | boolean | readonly number[] | null>>;

/**
 * Runs an operation under its name where the device has a kernel of that name, otherwise, and for gradients, by its formula. A
 * device that records graphs knows operations that tfjs has no kernel for.
 */
export function operation(
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: OperationAttributes,
  formula: () => Tensor,
): Tensor {
  if (!tf.getKernel(name, tf.getBackend()) || isRecorded()) return formula();
  return tf.engine().runKernel(name, inputs as never, attributes as never);
}
