import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";

/** Tests for a tensor. */
export const isTensor = (value: unknown): value is Tensor => value instanceof tf.Tensor;

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Returns the tensors among the arguments of a `forward`, and in those that are plain objects. */
export function tensorsIn(inputs: readonly unknown[]): Tensor[] {
  return inputs.flatMap((input) => (isPlainObject(input) ? Object.values(input) : [input])).filter(isTensor);
}

/** Returns a flag for each tensor of {@link tensorsIn}: true where no property of that name holds it. */
export function areOutside(inputs: readonly unknown[], names: readonly string[]): boolean[] {
  return inputs.flatMap((input) => {
    if (!isPlainObject(input)) return isTensor(input) ? [true] : [];
    return Object.entries(input).flatMap(([name, value]) => (isTensor(value) ? [!names.includes(name)] : []));
  });
}

/** Returns the arguments with other tensors in their order. */
export function replaceTensors(inputs: readonly unknown[], tensors: readonly unknown[]): unknown[] {
  const rest = [...tensors];
  const next = (value: unknown): unknown => (isTensor(value) ? rest.shift() : value);
  return inputs.map((input) => {
    if (!isPlainObject(input)) return next(input);
    return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, next(value)]));
  });
}
