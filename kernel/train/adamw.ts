import type { Tensor, Variable } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Parameter } from "../nn/parameter";
import type { SafetensorsTensor } from "../nn/safetensors";
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
export interface Optimiser {
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

export interface AdamWOptions {
  /** Default 1e-3. */
  learningRate?: number;
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Decoupled decay, default 0.01. */
  weightDecay?: number;
}

interface Moments {
  first: Variable;
  second: Variable;
  steps: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), in the order of operations of
 * `torch.optim.AdamW`:
 *
 *     θ ← θ (1 - η λ);  m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²
 *     θ ← θ - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
 *
 * t counts the updates of each parameter, as there.
 */
export class AdamW implements Optimiser {
  private readonly moments = new Map<string, Moments>();
  private readonly settings: Required<AdamWOptions>;

  constructor(
    private readonly groups: readonly ParameterGroup[],
    options: AdamWOptions = {},
  ) {
    this.settings = { learningRate: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, ...options };
    checkSettings(this.settings);
    checkGroups(groups);
  }

  step(gradients: ReadonlyMap<string, Tensor>, rateScale = 1): void {
    const { learningRate, weightDecay } = this.settings;
    for (const group of this.groups) {
      const rate = (group.learningRate ?? learningRate) * rateScale;
      for (const [name, parameter] of group.parameters) {
        const gradient = gradients.get(name);
        if (gradient && parameter.trainable)
          this.update(this.momentsOf(name, parameter), parameter, gradient, rate, group.weightDecay ?? weightDecay);
      }
    }
  }

  private update(moments: Moments, parameter: Parameter, gradient: Tensor, rate: number, decay: number): void {
    const { betas, eps } = this.settings;
    const t = ++moments.steps;
    const { first, second } = moments;
    tf.tidy(() => {
      first.assign(tf.add(first, tf.mul(tf.sub(gradient, first), 1 - betas[0])));
      second.assign(tf.add(tf.mul(second, betas[1]), tf.mul(tf.square(gradient), 1 - betas[1])));
      const denominator = tf.add(tf.div(tf.sqrt(second), Math.sqrt(1 - betas[1] ** t)), eps);
      const decayed = decay === 0 ? parameter.value : tf.mul(parameter.value, 1 - rate * decay);
      const change = tf.mul(tf.div(first, denominator), rate / (1 - betas[0] ** t));
      parameter.assign(tf.sub(decayed, change));
    });
  }

  private momentsOf(name: string, parameter: Parameter): Moments {
    const known = this.moments.get(name);
    if (known) return known;
    const zero = (): Variable => tf.tidy(() => tf.variable(tf.zeros(parameter.shape), false));
    const made = { first: zero(), second: zero(), steps: 0 };
    this.moments.set(name, made);
    return made;
  }

  statefulNames(): string[] {
    return [...this.moments.keys()];
  }

  async state(): Promise<Map<string, SafetensorsTensor>> {
    const tensors = new Map<string, SafetensorsTensor>();
    for (const [name, { first, second, steps }] of this.moments) {
      tensors.set(`exp_avg.${name}`, { dtype: "F32", shape: first.shape, data: await copyOf(first) });
      tensors.set(`exp_avg_sq.${name}`, { dtype: "F32", shape: second.shape, data: await copyOf(second) });
      tensors.set(`step.${name}`, { dtype: "F64", shape: [], data: Float64Array.of(steps) });
    }
    return tensors;
  }

  loadState(tensors: ReadonlyMap<string, SafetensorsTensor>): void {
    const parameters = new Map(this.groups.flatMap((group) => [...group.parameters]));
    this.dispose();
    for (const key of tensors.keys()) {
      if (!key.startsWith("step.")) continue;
      const name = key.slice("step.".length);
      const parameter = parameters.get(name);
      if (!parameter)
        throw new TrainError("train.AdamW.loadState", "the state's parameters must be the optimiser's", name);
      const moments = this.momentsOf(name, parameter);
      moments.steps = Number(tensors.get(key)?.data[0]);
      fill(moments.first, tensors.get(`exp_avg.${name}`), name);
      fill(moments.second, tensors.get(`exp_avg_sq.${name}`), name);
    }
  }

  /** Forgets and frees the state. */
  dispose(): void {
    for (const { first, second } of this.moments.values()) {
      first.dispose();
      second.dispose();
    }
    this.moments.clear();
  }
}

async function copyOf(tensor: Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data());
}

function fill(variable: Variable, stored: SafetensorsTensor | undefined, name: string): void {
  if (!(stored?.data instanceof Float32Array) || stored.data.length !== variable.size)
    throw new TrainError("train.AdamW.loadState", `the state of ${name} needs F32 [${variable.shape}]`, stored?.shape);
  const { data } = stored;
  tf.tidy(() => variable.assign(tf.tensor(data, variable.shape, "float32")));
}

function checkSettings({ learningRate, betas, eps, weightDecay }: Required<AdamWOptions>): void {
  const fn = "train.AdamW";
  if (!(learningRate >= 0)) throw new TrainError(fn, "learningRate must be at least 0", learningRate);
  if (!betas.every((beta) => beta >= 0 && beta < 1)) throw new TrainError(fn, "betas must lie in [0, 1)", [...betas]);
  if (!(eps >= 0)) throw new TrainError(fn, "eps must be at least 0", eps);
  if (!(weightDecay >= 0)) throw new TrainError(fn, "weightDecay must be at least 0", weightDecay);
}

function checkGroups(groups: readonly ParameterGroup[]): void {
  const seen = new Set<string>();
  for (const name of groups.flatMap((group) => [...group.parameters.keys()])) {
    if (seen.has(name)) throw new TrainError("train.AdamW", "a parameter belongs to one group", name);
    seen.add(name);
  }
}
