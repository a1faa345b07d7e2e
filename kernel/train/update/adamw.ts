import { checkArguments } from "../../rules/arguments";
import type { Tensor, Variable } from "../../backend/tensor";
import { fused } from "../../backend/fused";
import { tf } from "../../backend/tf";
import type { Parameter } from "../../nn/module/parameter";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { TrainError } from "../error";
import {
  checkGroups,
  type Optimizer,
  ownerOf,
  type ParameterGroup,
  type ParameterUpdate,
  restore,
  stored,
  updatesOf,
  zerosLike,
} from "./optimizer";
import { together } from "./together";

/** Options of {@link AdamW}. */
export interface AdamWOptions {
  /** Learning rate. Default 1e-3. */
  learningRate?: number;
  /** Decay rates of both moments. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Term added to the denominator. Default 1e-8. */
  eps?: number;
  /** Decoupled weight decay. Default 0.01. */
  weightDecay?: number;
  /** Divide by the largest second moment so far (AMSGrad; Reddi et al., arXiv 1904.09237). Default false. */
  amsgrad?: boolean;
}

const NAMES: OptionNames<AdamWOptions> = {
  learningRate: true,
  betas: true,
  eps: true,
  weightDecay: true,
  amsgrad: true,
};

interface Moments {
  first: Variable;
  second: Variable;
  /** Largest second moment so far, with AMSGrad. */
  largest: Variable | null;
  steps: number;
}

interface MomentsUpdate extends ParameterUpdate {
  moments: Moments;
}

/** Groups updates by rate, decay and count of updates. */
function alike(updates: readonly MomentsUpdate[]): MomentsUpdate[][] {
  const groups = new Map<string, MomentsUpdate[]>();
  for (const update of updates) {
    const key = `${update.rate} ${update.decay} ${update.moments.steps}`;
    const known = groups.get(key);
    if (known) known.push(update);
    else groups.set(key, [update]);
  }
  return [...groups.values()].flatMap((group) => together(group));
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), in the order of operations of
 * `torch.optim.AdamW`:
 *
 *     θ ← θ (1 - η λ);  m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²
 *     θ ← θ - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
 *
 * AMSGrad takes the largest v so far in the last line. As in PyTorch, t counts the updates of each parameter.
 */
export class AdamW implements Optimizer {
  private readonly moments = new Map<string, Moments>();
  private readonly settings: Required<AdamWOptions>;

  constructor(
    private readonly groups: readonly ParameterGroup[],
    options: AdamWOptions = {},
  ) {
    checkArguments("train.AdamW", TrainError, { groups }, { groups: ["object"] });
    checkOptionNames("train.AdamW", options, NAMES, TrainError);
    this.settings = {
      learningRate: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0.01,
      amsgrad: false,
      ...options,
    };
    checkSettings(this.settings);
    checkGroups("train.AdamW", groups);
  }

  step(gradients: ReadonlyMap<string, Tensor>, rateScale = 1): void {
    const updates = updatesOf(this.groups, gradients, this.settings).map((one) => {
      const moments = this.momentsOf(one.name, one.parameter);
      moments.steps++;
      return { ...one, rate: one.rate * rateScale, moments };
    });
    for (const batch of alike(updates)) if (!this.updateTogether(batch)) for (const one of batch) this.update(one);
  }

  private update({
    moments: { first, second, largest, steps },
    parameter,
    gradient,
    rate,
    decay,
  }: MomentsUpdate): void {
    const { betas, eps } = this.settings;
    tf.tidy(() => {
      first.assign(tf.add(first, tf.mul(tf.sub(gradient, first), 1 - betas[0])));
      second.assign(tf.add(tf.mul(second, betas[1]), tf.mul(tf.square(gradient), 1 - betas[1])));
      largest?.assign(tf.maximum(largest, second));
      const denominator = tf.add(tf.div(tf.sqrt(largest ?? second), Math.sqrt(1 - betas[1] ** steps)), eps);
      const decayed = decay === 0 ? parameter.value : tf.mul(parameter.value, 1 - rate * decay);
      const change = tf.mul(tf.div(first, denominator), rate / (1 - betas[0] ** steps));
      parameter.assign(tf.sub(decayed, change));
    });
  }

  /** Updates parameters of one rate, decay and count of updates in one operation, where the device has it. */
  private updateTogether(batch: readonly MomentsUpdate[]): boolean {
    const { betas, eps, amsgrad } = this.settings;
    if (amsgrad) return false;
    const [{ rate, decay, moments }] = batch;
    return tf.tidy(() => {
      const numbers = [
        Math.sqrt(1 - betas[1] ** moments.steps),
        1 - rate * decay,
        rate / (1 - betas[0] ** moments.steps),
      ];
      const inputs = batch.flatMap(({ parameter, gradient, moments: { first, second } }) => [
        parameter.value,
        gradient,
        first,
        second,
      ]);
      const scalars = numbers.map((number) => tf.scalar(number, "float32"));
      const results = fused("adamW", [...scalars, ...inputs], { beta1: betas[0], beta2: betas[1], eps });
      if (!results) return false;
      batch.forEach(({ parameter, moments }, i) => {
        [parameter, moments.first, moments.second].forEach((one, k) => one.assign(results[3 * i + k]));
      });
      return true;
    });
  }

  private momentsOf(name: string, parameter: Parameter): Moments {
    const known = this.moments.get(name);
    if (known) return known;
    const largest = this.settings.amsgrad ? zerosLike(parameter) : null;
    const made = { first: zerosLike(parameter), second: zerosLike(parameter), largest, steps: 0 };
    this.moments.set(name, made);
    return made;
  }

  statefulNames(): string[] {
    return [...this.moments.keys()];
  }

  async state(): Promise<Map<string, SafetensorsTensor>> {
    const tensors = new Map<string, SafetensorsTensor>();
    for (const [name, { first, second, largest, steps }] of this.moments) {
      tensors.set(`exp_avg.${name}`, await stored(first));
      tensors.set(`exp_avg_sq.${name}`, await stored(second));
      if (largest) tensors.set(`max_exp_avg_sq.${name}`, await stored(largest));
      tensors.set(`step.${name}`, { dtype: "F64", shape: [], data: Float64Array.of(steps) });
    }
    return tensors;
  }

  loadState(tensors: ReadonlyMap<string, SafetensorsTensor>): void {
    const fn = "train.AdamW.loadState";
    this.dispose();
    for (const key of tensors.keys()) {
      if (!key.startsWith("step.")) continue;
      const name = key.slice("step.".length);
      const moments = this.momentsOf(name, ownerOf(fn, this.groups, name));
      moments.steps = Number(tensors.get(key)?.data[0]);
      restore(fn, moments.first, tensors.get(`exp_avg.${name}`), name);
      restore(fn, moments.second, tensors.get(`exp_avg_sq.${name}`), name);
      if (moments.largest) restore(fn, moments.largest, tensors.get(`max_exp_avg_sq.${name}`), name);
    }
  }

  /** Resets and frees the state. */
  dispose(): void {
    for (const { first, second, largest } of this.moments.values()) {
      first.dispose();
      second.dispose();
      largest?.dispose();
    }
    this.moments.clear();
  }
}

function checkSettings({ learningRate, betas, eps, weightDecay }: Required<AdamWOptions>): void {
  const fn = "train.AdamW";
  if (!(learningRate >= 0)) throw new TrainError(fn, "learningRate must be at least 0", learningRate);
  if (!betas.every((beta) => beta >= 0 && beta < 1)) throw new TrainError(fn, "betas must lie in [0, 1)", [...betas]);
  if (!(eps >= 0)) throw new TrainError(fn, "eps must be at least 0", eps);
  if (!(weightDecay >= 0)) throw new TrainError(fn, "weightDecay must be at least 0", weightDecay);
}
