import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { noteTraining } from "../../backend/tfjs";
import type { Module } from "../../nn/module/module";
import type { Parameter } from "../../nn/module/parameter";
import { sharedRandom } from "../../nn/module/random";
import type { Optimizer } from "./optimizer";
import { addGradients, clipFactor, globalNorm, scaleGradients } from "./clip";
import { firstNotFinite } from "./diagnose";
import { NotFiniteError, TrainError } from "../error";
import { lossAndGradients } from "./gradients";

/** Loss with additional numbers for display. */
export interface LossWithMetrics {
  loss: Tensor;
  metrics: Record<string, Tensor | number>;
}

/** Loss of a batch. Its intermediate tensors are freed; it must be synchronous. */
export type LossFunction<B> = (batch: B) => Tensor | LossWithMetrics;

/** Report of one update's numbers. */
export interface UpdateReport {
  /** Mean loss over the accumulated batches. */
  loss: number;
  /** Gradient norm before clipping. */
  gradientNorm: number;
  /** Mean metrics over the accumulated batches. */
  metrics: Record<string, number>;
}

export interface UpdateSettings<B> {
  loss: LossFunction<B>;
  parameters: ReadonlyMap<string, Parameter>;
  optimizer: Optimizer;
  clipNorm: number;
  rateScale: number;
  /** Model and number of the update, to name a tensor that is not finite. */
  model: Module;
  step: number;
}

/**
 * Performs one update from the mean gradient of some batches. Nothing changes unless loss and gradients are finite.
 *
 * @throws NotFiniteError for a loss or gradient that is not finite
 */
export async function update<B>(batches: readonly B[], settings: UpdateSettings<B>): Promise<UpdateReport> {
  const start = performance.now();
  const random = sharedRandom().state;
  const sums = new Sums();
  try {
    for (const batch of batches) sums.add(batch, settings);
    const report = await sums.report(batches.length);
    checkFinite(report, sums.gradients, settings.step, () => {
      sharedRandom().state = random;
      return firstNotFinite(settings.model, () => batches.forEach(settings.loss));
    });
    scaleGradients(sums.gradients, clipFactor(report.gradientNorm, settings.clipNorm) / batches.length);
    settings.optimizer.step(sums.gradients, settings.rateScale);
    noteTraining(performance.now() - start);
    return report;
  } finally {
    sums.dispose();
  }
}

/** Sums of losses, metrics and gradients over batches. */
class Sums {
  readonly gradients = new Map<string, Tensor>();
  private readonly numbers = new Map<string, Tensor[]>();

  add<B>(batch: B, { loss, parameters }: UpdateSettings<B>): void {
    const made = new Map<string, Tensor>();
    const result = lossAndGradients(() => {
      const value = loss(batch);
      if (!("metrics" in value)) return value;
      for (const [name, metric] of Object.entries(value.metrics)) made.set(name, scalar(name, metric));
      return value.loss;
    }, parameters);
    for (const [name, tensor] of [...made, ["loss", result.loss] as const])
      this.numbers.set(name, [...(this.numbers.get(name) ?? []), tensor]);
    addGradients(this.gradients, result.gradients);
  }

  /** Reads all numbers at once, because on a GPU each read waits for the whole queue. */
  async report(count: number): Promise<UpdateReport> {
    const names = [...this.numbers.keys()];
    const all = tf.tidy(() => {
      const means = names.map((name) => tf.div(tf.addN(this.numbers.get(name) as Tensor[]), count));
      return tf.stack([...means, tf.div(globalNorm(this.gradients), count)]);
    });
    const values = await all.data();
    all.dispose();
    const { loss, ...metrics } = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    return { loss, metrics, gradientNorm: values[names.length] };
  }

  dispose(): void {
    for (const tensor of [...this.gradients.values(), ...[...this.numbers.values()].flat()]) tensor.dispose();
  }
}

function scalar(name: string, metric: Tensor | number): Tensor {
  const value = typeof metric === "number" ? tf.scalar(metric) : tf.cast(tf.reshape(metric, [-1]), "float32");
  if (value.size !== 1 || name === "loss")
    throw new TrainError("train.fit", `metric ${name} must be one number, not called loss`, value.shape);
  return tf.keep(tf.reshape(value, []));
}

function checkFinite(
  { loss, gradientNorm }: UpdateReport,
  gradients: ReadonlyMap<string, Tensor>,
  step: number,
  diagnose: () => string,
): void {
  const unchanged = "the parameters are as before this step";
  if (!Number.isFinite(loss)) {
    const rule = `the loss must be finite; ${unchanged}; in step ${step} the first value that is not is ${diagnose()}`;
    throw new NotFiniteError("train.fit", rule, loss);
  }
  if (Number.isFinite(gradientNorm)) return;
  const broken = [...gradients].filter(([, g]) => !g.dataSync().every(Number.isFinite)).map(([name]) => name);
  // Gradients are computed from the last layer to the first.
  const first = broken.length ? `; in step ${step} the first that is not is of ${broken[broken.length - 1]}` : "";
  throw new NotFiniteError("train.fit", `gradients must be finite; ${unchanged}${first}`, broken);
}
