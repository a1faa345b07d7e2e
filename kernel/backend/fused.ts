import type { TensorInfo } from "@tensorflow/tfjs-core";
import { nativeDevice, tensorOf } from "./arrays";
import { isPlain } from "./native/backend";
import { FUSED, type FusedName } from "./native/fused";
import type { Tensor } from "./tensor";
import { RECORDER } from "./recorder";
import { isRecorded } from "./tape";
import { tf } from "./tf";
import { trainingDevice } from "./tfjs";
import type { FusedAttributes, FusedPlanner } from "./native/runtime";

export { fitsConv } from "./native/fused-conv";
export type { FusedName } from "./native/fused";
export type { FusedAttributes } from "./native/runtime";

/** Tests whether the device has fused operations, and for these tensors. */
export function canFuse(inputs: readonly Tensor[]): boolean {
  return (
    trainingDevice() === "native" &&
    tf.getBackend() !== RECORDER &&
    inputs.every((input) => isPlain(input as TensorInfo))
  );
}

/**
 * Computes an operation that the device has as one graph. The caller gives its gradient.
 *
 * @returns the outputs; null where the device has no such operation, or tfjs would have to differentiate it
 */
export function fused(name: FusedName, inputs: readonly Tensor[], attrs: FusedAttributes = {}): Tensor[] | null {
  if (!canFuse(inputs) || isRecorded()) return null;
  const plan = (FUSED[name] as FusedPlanner)(inputs as readonly TensorInfo[], attrs);
  if (!plan) return null;
  return nativeDevice()
    .compute(plan.operation, inputs as readonly TensorInfo[], plan.shapes)
    .map(tensorOf);
}
