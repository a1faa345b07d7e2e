import type { Tensor, Variable } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Parameter } from "../../nn/module/parameter";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { TrainError } from "../error";

/** Parameters that train at one rate. */
export interface ParameterGroup {
  /** Parameters by name; frozen ones are skipped. */
  parameters: ReadonlyMap<string, Parameter>;
  /** Learning rate of the group. Default: the optimizer's. */
  learningRate?: number;
  /** Weight decay of the group. Default: the optimizer's. */
  weightDecay?: number;
}

/** Interface between a training loop and an optimizer. */
export interface Optimizer {
  /** Performs one update. `rateScale` is the schedule's factor on every group's learning rate. */
  step(gradients: ReadonlyMap<string, Tensor>, rateScale?: number): void;
  /** Returns the state that the next step depends on, as tensors of a checkpoint. */
  state(): Promise<Map<string, SafetensorsTensor>>;
  /** Restores a state returned by {@link state}. */
  loadState(tensors: ReadonlyMap<string, SafetensorsTensor>): void;
  /** Returns the names of the parameters with state: none before the first step, never a frozen one. */
  statefulNames(): string[];
  dispose(): void;
}

/** Returns a variable of zeros in a parameter's shape. */
export function zerosLike(parameter: Parameter): Variable {
  return tf.tidy(() => tf.variable(tf.zeros(parameter.shape), false));
}

/** Returns a variable as a tensor of a checkpoint. */
export async function stored(variable: Variable): Promise<SafetensorsTensor> {
  return { dtype: "F32", shape: variable.shape, data: Float32Array.from(await variable.data()) };
}

/** Restores a variable from a tensor made by {@link stored}. */
export function restore(fn: string, variable: Variable, tensor: SafetensorsTensor | undefined, name: string): void {
  if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== variable.size)
    throw new TrainError(fn, `the state of ${name} needs F32 [${variable.shape}]`, tensor?.shape);
  const { data } = tensor;
  tf.tidy(() => variable.assign(tf.tensor(data, variable.shape, "float32")));
}

/** Returns the parameter of a stored state. */
export function ownerOf(fn: string, groups: readonly ParameterGroup[], name: string): Parameter {
  const owner = groups.find(({ parameters }) => parameters.has(name))?.parameters.get(name);
  if (!owner) throw new TrainError(fn, "the state's parameters must be the optimizer's", name);
  return owner;
}

export function checkGroups(fn: string, groups: readonly ParameterGroup[]): void {
  const seen = new Set<string>();
  for (const name of groups.flatMap((group) => [...group.parameters.keys()])) {
    if (seen.has(name)) throw new TrainError(fn, "a parameter belongs to one group", name);
    seen.add(name);
  }
}

/** Update of one parameter. */
export interface ParameterUpdate {
  name: string;
  parameter: Parameter;
  gradient: Tensor;
  rate: number;
  decay: number;
}

/** Returns an update with rate and decay for every trainable parameter that has a gradient. */
export function updatesOf(
  groups: readonly ParameterGroup[],
  gradients: ReadonlyMap<string, Tensor>,
  { learningRate, weightDecay }: { learningRate: number; weightDecay: number },
): ParameterUpdate[] {
  return groups.flatMap((group) =>
    [...group.parameters].flatMap(([name, parameter]) => {
      const gradient = gradients.get(name);
      if (!gradient || !parameter.trainable) return [];
      const rate = group.learningRate ?? learningRate;
      return [{ name, parameter, gradient, rate, decay: group.weightDecay ?? weightDecay }];
    }),
  );
}
