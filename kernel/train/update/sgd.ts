import { checkArguments } from "../../rules/arguments";
import type { Tensor, Variable } from "../../backend/tensor";
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
  restore,
  stored,
  updatesOf,
  zerosLike,
} from "./optimizer";

/** Options of {@link SGD}. */
export interface SgdOptions {
  /** Learning rate. Default 1e-3. */
  learningRate?: number;
  /** Momentum. Default 0: no buffer is kept. */
  momentum?: number;
  /** Use Nesterov's look-ahead; requires a momentum. Default false. */
  nesterov?: boolean;
  /** Weight decay added to the gradient, unlike that of {@link AdamW}. Default 0. */
  weightDecay?: number;
}

const NAMES: OptionNames<SgdOptions> = {
  learningRate: true,
  momentum: true,
  nesterov: true,
  weightDecay: true,
};

const BUFFER = "momentum_buffer.";

/**
 * Stochastic gradient descent with momentum, as `torch.optim.SGD` (Sutskever et al., ICML 2013, except for the place of
 * η):
 *
 *     g ← g + λ θ;  v ← μ v + g
 *     θ ← θ - η v,  with Nesterov's momentum θ ← θ - η (g + μ v)
 */
export class SGD implements Optimizer {
  private readonly buffers = new Map<string, Variable>();
  private readonly settings: Required<SgdOptions>;

  constructor(
    private readonly groups: readonly ParameterGroup[],
    options: SgdOptions = {},
  ) {
    checkArguments("train.SGD", TrainError, { groups }, { groups: ["object"] });
    checkOptionNames("train.SGD", options, NAMES, TrainError);
    this.settings = { learningRate: 1e-3, momentum: 0, nesterov: false, weightDecay: 0, ...options };
    checkSettings(this.settings);
    checkGroups("train.SGD", groups);
  }

  step(gradients: ReadonlyMap<string, Tensor>, rateScale = 1): void {
    for (const { name, parameter, gradient, rate, decay } of updatesOf(this.groups, gradients, this.settings))
      tf.tidy(() => {
        const decayed = decay === 0 ? gradient : tf.add(gradient, tf.mul(parameter.value, decay));
        const direction = this.direction(name, parameter, decayed);
        parameter.assign(tf.sub(parameter.value, tf.mul(direction, rate * rateScale)));
      });
  }

  private direction(name: string, parameter: Parameter, gradient: Tensor): Tensor {
    const { momentum, nesterov } = this.settings;
    if (momentum === 0) return gradient;
    const buffer = this.bufferOf(name, parameter);
    buffer.assign(tf.add(tf.mul(buffer, momentum), gradient));
    return nesterov ? tf.add(gradient, tf.mul(buffer, momentum)) : buffer;
  }

  private bufferOf(name: string, parameter: Parameter): Variable {
    const known = this.buffers.get(name);
    if (known) return known;
    const made = zerosLike(parameter);
    this.buffers.set(name, made);
    return made;
  }

  statefulNames(): string[] {
    return [...this.buffers.keys()];
  }

  async state(): Promise<Map<string, SafetensorsTensor>> {
    const tensors = new Map<string, SafetensorsTensor>();
    for (const [name, buffer] of this.buffers) tensors.set(BUFFER + name, await stored(buffer));
    return tensors;
  }

  /**
   * Restores a state returned by {@link state}.
   *
   * @throws TrainError for a tensor that is no state of this optimizer
   */
  loadState(tensors: ReadonlyMap<string, SafetensorsTensor>): void {
    const fn = "train.SGD.loadState";
    this.dispose();
    for (const [key, tensor] of tensors) {
      if (!key.startsWith(BUFFER)) throw new TrainError(fn, `the state's tensors must be named ${BUFFER}…`, key);
      const name = key.slice(BUFFER.length);
      restore(fn, this.bufferOf(name, ownerOf(fn, this.groups, name)), tensor, name);
    }
  }

  /** Resets and frees the state. */
  dispose(): void {
    for (const buffer of this.buffers.values()) buffer.dispose();
    this.buffers.clear();
  }
}

function checkSettings({ learningRate, momentum, nesterov, weightDecay }: Required<SgdOptions>): void {
  const fn = "train.SGD";
  if (!(learningRate >= 0)) throw new TrainError(fn, "learningRate must be at least 0", learningRate);
  if (!(momentum >= 0)) throw new TrainError(fn, "momentum must be at least 0", momentum);
  if (!(weightDecay >= 0)) throw new TrainError(fn, "weightDecay must be at least 0", weightDecay);
  if (nesterov && momentum === 0) throw new TrainError(fn, "nesterov needs a momentum above 0", momentum);
}
