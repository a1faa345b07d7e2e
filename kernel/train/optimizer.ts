import type { Tensor, Variable } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Parameter } from "../nn/parameter";
import type { SafetensorsTensor } from "../safetensors/tensor";
import { TrainError } from "./error";

/** Parameters that train at one rate. */
export interface ParameterGroup {
  /** By name; frozen ones are left alone. */
  parameters: ReadonlyMap<string, Parameter>;
  /** Default the optimiser's. */
  learningRate?: number;
  /** Default the optimiser's. */
  weightDecay?: number;
}

/** What a training loop asks of an optimiser. */
export interface Optimizer {
  /** One update; `rateScale` is the schedule's factor on every group's learning rate. */
  step(gradients: ReadonlyMap<string, Tensor>, rateScale?: number): void;
  /** Everything that the next step depends on, as tensors of a checkpoint. */
  state(): Promise<Map<string, SafetensorsTensor>>;
  /** Goes on where {@link state} was taken. */
  loadState(tensors: ReadonlyMap<string, SafetensorsTensor>): void;
  /** Names of the parameters of which it keeps state: none before the first step, never a frozen one. */
  statefulNames(): string[];
  dispose(): void;
}

/** A variable of zeros beside a parameter. */
export function zerosLike(parameter: Parameter): Variable {
  return tf.tidy(() => tf.variable(tf.zeros(parameter.shape), false));
}

/** A variable as a tensor of a checkpoint. */
export async function stored(variable: Variable): Promise<SafetensorsTensor> {
  return { dtype: "F32", shape: variable.shape, data: Float32Array.from(await variable.data()) };
}

/** Sets a variable to what {@link stored} made of one. */
export function restore(fn: string, variable: Variable, tensor: SafetensorsTensor | undefined, name: string): void {
  if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== variable.size)
    throw new TrainError(fn, `the state of ${name} needs F32 [${variable.shape}]`, tensor?.shape);
  const { data } = tensor;
  tf.tidy(() => variable.assign(tf.tensor(data, variable.shape, "float32")));
}

/** The parameter of a stored state. */
export function ownerOf(fn: string, groups: readonly ParameterGroup[], name: string): Parameter {
  const owner = groups.find(({ parameters }) => parameters.has(name))?.parameters.get(name);
  if (!owner) throw new TrainError(fn, "the state's parameters must be the optimiser's", name);
  return owner;
}

export function checkGroups(fn: string, groups: readonly ParameterGroup[]): void {
  const seen = new Set<string>();
  for (const name of groups.flatMap((group) => [...group.parameters.keys()])) {
    if (seen.has(name)) throw new TrainError(fn, "a parameter belongs to one group", name);
    seen.add(name);
  }
}

/** Calls `update` for every parameter that trains and has a gradient, with its rate and its decay. */
export function eachUpdate(
  groups: readonly ParameterGroup[],
  gradients: ReadonlyMap<string, Tensor>,
  { learningRate, weightDecay }: { learningRate: number; weightDecay: number },
  update: (name: string, parameter: Parameter, gradient: Tensor, rate: number, decay: number) => void,
): void {
  for (const group of groups)
    for (const [name, parameter] of group.parameters) {
      const gradient = gradients.get(name);
      if (!gradient || !parameter.trainable) continue;
      update(name, parameter, gradient, group.learningRate ?? learningRate, group.weightDecay ?? weightDecay);
    }
}
