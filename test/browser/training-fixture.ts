/** The notebook of the training viewer's test: two tasks that contradict, learnt by Dual-LoRA behind a small VCE, in two stages. */
import { notebook } from "./notebook";

/** Level -1 says nothing of the input, level -2 does: VCE must look there. What to do with it depends on the task. */
const SETUP_CELL = `import { display, lora, nn, train, vce, view } from "fovea";
import * as tf from "fovea/tf";

await nn.start("wasm");
const [WIDTH, GRID, LEVELS] = [16, [3, 3] as [number, number], [-1, -2]];
const TASKS = ["add", "subtract"];
class Model extends nn.Module {
  readonly vce = new vce.Vce(WIDTH, { indices: LEVELS, heads: 4, points: 2 });
  readonly proj = new nn.Linear(WIDTH, WIDTH);
  forward(levels: tf.Tensor[]): tf.Tensor {
    return this.proj.forward(tf.mean(this.vce.forward(levels, GRID), 1));
  }
}
const [base, center, change] = [[WIDTH, WIDTH], [1, WIDTH], [WIDTH, WIDTH]].map((shape, i) =>
  tf.mul(tf.randomNormal(shape, 0, 1, "float32", i + 1), i === 1 ? 1 : 0.25));
interface Batch { task: number; seed: number; length: number }
function examples({ task, seed, length }: Batch): { levels: tf.Tensor[]; y: tf.Tensor } {
  const sign = task === 0 ? 1 : -1;
  const x = tf.add(tf.mul(center, sign), tf.randomNormal([length, WIDTH], 0, 0.5, "float32", seed));
  const noise = tf.randomNormal([length, 9, WIDTH], 0, 1, "float32", seed + 1);
  const shown = tf.add(tf.expandDims(x, 1), tf.mul(noise, 0.1));
  return { levels: [noise, shown], y: tf.add(tf.matMul(x, base), tf.mul(tf.matMul(x, change), sign)) };
}
const data: train.BatchSource<Batch[]> = {
  length: 20,
  batch: (epoch, i) => TASKS.map((_, task) => ({ task, seed: 1000 * epoch + 10 * i + 2 * task + 100, length: 16 })),
};
const test = TASKS.map((_, task): Batch => ({ task, seed: 50 + task, length: 64 }));

function prepare(steps: [number, number], seed = 7) {
  nn.manualSeed(seed);
  const model = new Model();
  const adapters = lora.attach(model, {
    peftType: "DUAL_LORA", targetModules: ["proj"], r: 24, loraAlpha: 48, loraDropout: 0,
  });
  const errorOf = (batch: Batch) => {
    const { levels, y } = examples(batch);
    return nn.mse(model.forward(levels), y) as tf.Scalar;
  };
  const loss = (batches: Batch[]) => tf.mean(tf.stack(batches.map(errorOf)));
  const stages = [
    { name: "cues", groups: [{ parameters: "vce", learningRate: 5e-3 }], steps: steps[0] },
    {
      name: "adapters",
      groups: [{ parameters: "vce", learningRate: 1e-3 }, { parameters: /lora/, learningRate: 1e-2 }],
      steps: steps[1],
      schedule: train.cosine({ warmupSteps: 5 }),
    },
  ];
  const run = async () => {
    const errors = test.map((batch) => tf.tidy(() => errorOf(batch).dataSync()[0]));
    const levels = examples(test[0]).levels;
    const gates = await lora.gateActivity(adapters, Object.fromEntries(TASKS.map((name, i) => [name, [test[i]]])),
      (batch) => model.forward(examples(batch).levels));
    return {
      metrics: { loss: (errors[0] + errors[1]) / 2, "error of add": errors[0], "error of subtract": errors[1] },
      pictures: [...gates.pictures, ...(await model.vce.levelPictures(levels, GRID))],
    };
  };
  const examplesOf = (batches: Batch[]) => batches.reduce((sum, { length }) => sum + length, 0);
  return { model, data, loss, stages, validation: { every: 10, run }, examplesOf };
}`;

/** Longer than any test: it is stopped by its button while the cell waits for it. */
const TRAIN_CELL = `const control = new train.TrainingControl();
display(view.training(control, { title: "Two tasks that contradict" }));
const path = \`\${process.cwd()}/stopped.safetensors\`;
const result = await train.fit({ ...prepare([20, 1_000_000]), control, checkpoint: { path } });
result.ended`;

/** The same training in a second output, which stays in step with the first. */
const AGAIN_CELL = `view.training(control, { title: "Again" })`;

const SEEDS_CELL = `const controls = [1, 2].map((seed) => new train.TrainingControl(\`seed \${seed}\`));
display(view.training(controls, { title: "Two seeds" }));
for (const [i, one] of controls.entries()) await train.fit({ ...prepare([10, 20], i), control: one });`;

const FAILING_CELL = `const failing = new train.TrainingControl();
display(view.training(failing, { title: "A training that fails" }));
const good = prepare([5, 5]);
let calls = 0;
const broken = (batch: Batch[]) => tf.mul(good.loss(batch), ++calls > 3 ? NaN : 1);
await train.fit({ ...good, loss: broken, control: failing }).catch(() => "failed");`;

/** A second training without a checkpoint, which the test interrupts. */
const INTERRUPTED_CELL = `const interrupted = new train.TrainingControl();
display(view.training(interrupted, { title: "Interrupted" }));
await train.fit({ ...prepare([5, 1_000_000]), control: interrupted });`;

export const CELLS = { setup: 0, train: 1, again: 2, seeds: 3, failing: 4, interrupted: 5 };

export function trainingNotebook(): object {
  const cells = [SETUP_CELL, TRAIN_CELL, AGAIN_CELL, SEEDS_CELL, FAILING_CELL, INTERRUPTED_CELL];
  return notebook(cells.map((source) => ({ source })));
}
