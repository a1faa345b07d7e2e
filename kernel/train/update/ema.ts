import { checkArguments } from "../../rules/arguments";
import type { Variable } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Module } from "../../nn/module/module";
import type { Parameter } from "../../nn/module/parameter";
import { toFloat32 } from "../../nn/module/floats";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { TrainError } from "../error";

/**
 * Exponential moving average of a model's parameters, a ← d a + (1 - d) θ after every update
 * (`torch.optim.swa_utils.get_ema_multi_avg_fn`). The caller that makes it disposes of it.
 */
export class Ema {
  private readonly shadows = new Map<string, { parameter: Parameter; average: Variable }>();

  /** @throws TrainError for a decay outside [0, 1] */
  constructor(
    model: Module,
    readonly decay = 0.999,
  ) {
    checkArguments("train.Ema", TrainError, { model }, { model: "module" });
    if (!(decay >= 0 && decay <= 1)) throw new TrainError("train.Ema", "decay must lie in [0, 1]", decay);
    for (const [name, parameter] of model.namedParameters())
      this.shadows.set(name, { parameter, average: tf.tidy(() => tf.variable(tf.clone(parameter.value), false)) });
  }

  /** Adds the present parameters; {@link fit} calls it after every update. */
  update(): void {
    for (const { parameter, average } of this.shadows.values()) {
      if (!parameter.trainable) continue;
      // In torch's order, a + (θ - a) (1 - d), so that the average of a constant parameter stays exact.
      tf.tidy(() => average.assign(tf.add(average, tf.mul(tf.sub(parameter.value, average), 1 - this.decay))));
    }
  }

  /** Swaps averages and parameters: once to evaluate with the averages, again to continue training. */
  swap(): void {
    for (const { parameter, average } of this.shadows.values())
      tf.tidy(() => {
        const current = tf.clone(parameter.value);
        parameter.assign(average);
        average.assign(current);
      });
  }

  /** Returns the averages of the named parameters as tensors for a file. */
  async state(names: Iterable<string> = this.shadows.keys()): Promise<Map<string, SafetensorsTensor>> {
    const tensors = new Map<string, SafetensorsTensor>();
    for (const name of names) {
      const { average } = this.shadowOf("train.Ema.state", name);
      tensors.set(name, { dtype: "F32", shape: average.shape, data: Float32Array.from(await average.data()) });
    }
    return tensors;
  }

  /**
   * Restores averages from tensors of a file.
   *
   * @throws TrainError for an unknown name or another shape
   */
  loadState(tensors: ReadonlyMap<string, SafetensorsTensor>): void {
    for (const [name, tensor] of tensors) {
      const { average } = this.shadowOf("train.Ema.loadState", name);
      if (tensor.shape.join() !== average.shape.join())
        throw new TrainError("train.Ema.loadState", `${name} must be [${average.shape}]`, tensor.shape);
      tf.tidy(() => average.assign(tf.tensor(toFloat32("train.Ema.loadState", tensor), tensor.shape)));
    }
  }

  dispose(): void {
    for (const { average } of this.shadows.values()) average.dispose();
    this.shadows.clear();
  }

  private shadowOf(fn: string, name: string): { average: Variable } {
    const shadow = this.shadows.get(name);
    if (!shadow) throw new TrainError(fn, "the parameter must be of the model", name);
    return shadow;
  }
}
