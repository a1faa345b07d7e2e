/** A small classifier, its examples and two stages of its training. */
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import { Prng } from "../../kernel/numeric/prng.ts";

export interface Example {
  x: number[];
  label: number;
}

/** Points of the plane in two classes that a line cannot part. */
export const EXAMPLES: Example[] = (() => {
  const random = new Prng(1, "examples");
  return Array.from({ length: 64 }, () => {
    const x = [random.range(-1, 1), random.range(-1, 1)];
    return { x, label: x[0] * x[1] > 0 ? 1 : 0 };
  });
})();

export class Classifier extends nn.Module {
  readonly body = new nn.Mlp(2, { hiddenFeatures: 16, outFeatures: 16, dropout: 0.1 });
  readonly norm = new nn.LayerNorm(16);
  readonly head = new nn.Linear(16, 2);

  forward(x: Tensor): Tensor {
    return this.head.forward(this.norm.forward(this.body.forward(x)));
  }
}

export function classifier(): Classifier {
  nn.manualSeed(3);
  return new Classifier();
}

export const lossOf = (model: Classifier) => (batch: Example[]) => {
  const logits = model.forward(tf.tensor2d(batch.map(({ x }) => x)));
  const labels = tf.tensor1d(
    batch.map(({ label }) => label),
    "int32",
  );
  return { loss: nn.crossEntropy(logits, labels), metrics: { accuracy: accuracy(logits, labels) } };
};

export const accuracy = (logits: Tensor, labels: Tensor): Tensor =>
  tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), labels), "float32")));

export const TWO_STAGES: train.Stage[] = [
  {
    name: "head",
    groups: [{ parameters: "head", learningRate: 0.02 }],
    steps: 8,
    schedule: train.cosine({ warmupSteps: 2 }),
  },
  {
    name: "all",
    groups: [
      { parameters: "head", learningRate: 0.005, weightDecay: 0.1 },
      { parameters: /^(body|norm)\./, learningRate: 0.02 },
    ],
    steps: 12,
  },
];

export function optionsFor(
  model: Classifier,
  more: Partial<train.FitOptions<Example[]>> = {},
): train.FitOptions<Example[]> {
  const data = train.batches(EXAMPLES, { batchSize: 8, seed: 2 });
  return { model, data, loss: lossOf(model), stages: TWO_STAGES, accumulate: 2, clipNorm: 1, seed: 4, ...more };
}

export async function valuesOf(model: nn.Module): Promise<Map<string, Float32Array>> {
  const entries = [...model.namedParameters()].map(async ([name, one]) => [name, await one.read()] as const);
  return new Map(await Promise.all(entries));
}
