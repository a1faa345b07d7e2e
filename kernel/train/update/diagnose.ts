import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Module } from "../../nn/module/module";
import { watching } from "../../nn/module/watch";

/**
 * Names the first value that is not finite in a computation with a model: a parameter, or the input or output of the first
 * module in the order of computation.
 *
 * @param compute computes the loss once more; its tensors are freed
 */
export function firstNotFinite(model: Module, compute: () => void): string {
  for (const [name, { value, shape }] of model.namedParameters())
    if (!allFinite(value)) return `in the parameter ${name} [${shape.join(", ")}]`;
  const names = new Map([...model.namedModules()].map(([name, module]) => [module as object, name]));
  let found: string | null = null;
  watching(
    (module, inputs, output) => {
      found ??= describe(`${names.get(module) || "the model"}, ${module.constructor.name}`, inputs, output);
    },
    () => tf.tidy(compute),
  );
  return found ?? "in the loss itself: all outputs of modules are finite";
}

function describe(module: string, inputs: readonly unknown[], output: unknown): string | null {
  const worst = tensorsIn([output]).find((tensor) => !allFinite(tensor));
  if (!worst) return null;
  const before = tensorsIn(inputs).find((tensor) => !allFinite(tensor));
  const where = before ? "input" : "output";
  return `in the ${where} of ${module} [${(before ?? worst).shape.join(", ")}]`;
}

/** Returns tensors, also those in arrays and plain objects. */
export function tensorsIn(values: readonly unknown[]): Tensor[] {
  return values.flatMap((value) => {
    if (value instanceof tf.Tensor) return value as Tensor;
    return typeof value === "object" && value !== null ? tensorsIn(Object.values(value)) : [];
  });
}

function allFinite(tensor: Tensor): boolean {
  if (tensor.dtype !== "float32") return true;
  for (const value of tensor.dataSync()) if (!Number.isFinite(value)) return false;
  return true;
}
