import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import { Prng } from "../../kernel/prng.ts";
import * as safetensors from "../../kernel/safetensors";

const folder = mkdtempSync(join(tmpdir(), "fovea-train-"));
after(() => rmSync(folder, { recursive: true }));

interface Example {
  x: number[];
  label: number;
}

/** Points of the plane in two classes that a line cannot part. */
const EXAMPLES: Example[] = (() => {
  const random = new Prng(1, "examples");
  return Array.from({ length: 64 }, () => {
    const x = [random.range(-1, 1), random.range(-1, 1)];
    return { x, label: x[0] * x[1] > 0 ? 1 : 0 };
  });
})();

class Classifier extends nn.Module {
  readonly body = new nn.Mlp(2, { hiddenFeatures: 16, outFeatures: 16, dropout: 0.1 });
  readonly norm = new nn.LayerNorm(16);
  readonly head = new nn.Linear(16, 2);

  forward(x: Tensor): Tensor {
    return this.head.forward(this.norm.forward(this.body.forward(x)));
  }
}

function classifier(): Classifier {
  nn.manualSeed(3);
  return new Classifier();
}

const lossOf = (model: Classifier) => (batch: Example[]) => {
  const logits = model.forward(tf.tensor2d(batch.map(({ x }) => x)));
  const labels = tf.tensor1d(
    batch.map(({ label }) => label),
    "int32",
  );
  return { loss: nn.crossEntropy(logits, labels), metrics: { accuracy: accuracy(logits, labels) } };
};

const accuracy = (logits: Tensor, labels: Tensor): Tensor =>
  tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), labels), "float32")));

const TWO_STAGES: train.Stage[] = [
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

function optionsFor(model: Classifier, more: Partial<train.FitOptions<Example[]>> = {}): train.FitOptions<Example[]> {
  const data = train.batches(EXAMPLES, { batchSize: 8, seed: 2 });
  return { model, data, loss: lossOf(model), stages: TWO_STAGES, accumulate: 2, clipNorm: 1, seed: 4, ...more };
}

async function valuesOf(model: nn.Module): Promise<Map<string, Float32Array>> {
  const entries = [...model.namedParameters()].map(async ([name, one]) => [name, await one.read()] as const);
  return new Map(await Promise.all(entries));
}

onEveryDevice("a training", (device) => {
  it("goes through its stages, and what a stage freezes keeps every bit and has no optimiser state", async () => {
    const model = classifier();
    const start = await valuesOf(model);
    const names: Record<string, string[]> = {};
    const optimizer = (groups: readonly train.ParameterGroup[]) => {
      const made = new train.AdamW(groups, { weightDecay: 0 });
      const step = made.step.bind(made);
      made.step = (gradients, scale) => {
        step(gradients, scale);
        names[groups.length] = made.statefulNames();
      };
      return made;
    };
    const reports: train.StepReport[] = [];
    const result = await train.fit(optionsFor(model, { optimizer, stages: TWO_STAGES.slice(0, 1) }), (report) => {
      reports.push(report);
    });
    const end = await valuesOf(model);
    for (const [name, values] of start) {
      if (name.startsWith("head")) assert.notDeepEqual(end.get(name), values, `${name} trains`);
      else assert.deepEqual(end.get(name), values, `${name} is frozen`);
    }
    assert.deepEqual(names, { 1: ["head.weight", "head.bias"] });
    assert.deepEqual(result.stages[0].trained, ["head.weight", "head.bias"]);
    assert.deepEqual(
      result.stages[0].frozen.map(({ name }) => name),
      ["body.fc1.weight", "body.fc1.bias", "body.fc2.weight", "body.fc2.bias", "norm.weight", "norm.bias"],
    );
    assert.match(result.stages[0].frozen[0].hash, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      reports.map(({ step, learningRates }) => [step, Number(learningRates.head.toFixed(6))]).slice(0, 3),
      [
        [1, 0],
        [2, 0.01],
        [3, 0.02],
      ],
    );
    assert.ok(reports.every(({ metrics }) => metrics.accuracy >= 0 && metrics.accuracy <= 1));
    assert.equal(model.training, false);
    assert.ok(
      [...model.namedParameters().values()].every(({ trainable }) => trainable),
      "flags are as they were",
    );
    model.dispose();
  });

  it("learns, and leaves no tensor after any step or at its end", async () => {
    const before = tf.memory().numTensors;
    const model = classifier();
    const counts: number[] = [];
    const stages: train.Stage[] = [{ name: "all", groups: [{ parameters: /./, learningRate: 0.02 }], epochs: 30 }];
    let accuracyAtEnd = 0;
    const validation = {
      every: 50,
      run: () => {
        accuracyAtEnd = tf.tidy(() => lossOf(model)(EXAMPLES).metrics.accuracy.dataSync()[0]);
        return { accuracy: accuracyAtEnd };
      },
    };
    const result = await train.fit(optionsFor(model, { stages, validation, accumulate: 1 }), ({ memory }) => {
      counts.push(memory.tensors);
    });
    assert.equal(result.steps, 240);
    assert.ok(accuracyAtEnd > 0.95, `accuracy ${accuracyAtEnd} on ${device}`);
    assert.equal(new Set(counts).size, 1, "as many tensors after the first step as after the last");
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("stopped after 10 of 20 updates and resumed gives the same bits as one that ran through", async () => {
    const whole = classifier();
    const wholeEma = new train.Ema(whole, 0.9);
    await train.fit(optionsFor(whole, { ema: wholeEma }));
    const path = join(folder, `resume-${device}.safetensors`);
    const half = classifier();
    const halfEma = new train.Ema(half, 0.9);
    const control = new train.TrainingControl();
    const stopped = await train.fit(optionsFor(half, { ema: halfEma, checkpoint: { path }, control }), ({ step }) => {
      if (step === 10) control.stop();
    });
    assert.deepEqual([stopped.ended, stopped.steps], ["stopped", 10]);
    // Another process would have a model of its own: it has the first values, the file has the rest.
    const resumed = classifier();
    const resumedEma = new train.Ema(resumed, 0.9);
    nn.manualSeed(99);
    const result = await train.fit(
      optionsFor(resumed, { ema: resumedEma, checkpoint: { path }, resume: true, seed: 4 }),
    );
    assert.deepEqual([result.ended, result.steps, result.stages.length], ["finished", 20, 2]);
    assert.deepEqual(await valuesOf(resumed), await valuesOf(whole));
    assert.deepEqual(await resumedEma.state(), await wholeEma.state());
    for (const one of [whole, half, resumed, wholeEma, halfEma, resumedEma]) one.dispose();
  });

  it("killed between checkpoints goes on from the last one, to the same bits", async () => {
    const path = join(folder, `killed-${device}.safetensors`);
    const [whole, killed, resumed] = [classifier(), classifier(), classifier()];
    await train.fit(optionsFor(whole));
    for await (const { step } of train.steps(optionsFor(killed, { checkpoint: { path, every: 4 } })))
      if (step === 15) break;
    const { progress } = await train.readCheckpoint(path);
    assert.deepEqual([progress.step, progress.stage, progress.stageStep], [12, 1, 4]);
    await train.fit(optionsFor(resumed, { checkpoint: { path }, resume: true }));
    assert.deepEqual(await valuesOf(resumed), await valuesOf(whole));
    for (const model of [whole, killed, resumed]) model.dispose();
  });

  it("accumulation over two half batches is one whole batch", async () => {
    const [one, two] = [classifier(), classifier()];
    for (const model of [one, two]) (model.body as unknown as { dropout: { p: number } }).dropout.p = 0;
    const source = (size: number) => train.batches(EXAMPLES, { batchSize: size, shuffle: false });
    const stages = TWO_STAGES.slice(0, 1);
    await train.fit(optionsFor(one, { data: source(16), accumulate: 1, stages }));
    await train.fit(optionsFor(two, { data: source(8), accumulate: 2, stages }));
    const [a, b] = [await one.head.weight.read(), await two.head.weight.read()];
    a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-5));
    for (const model of [one, two]) model.dispose();
  });

  it("computes again what it does not keep, to the same result in less memory", async () => {
    class Deep extends nn.Module {
      readonly blocks = Array.from({ length: 4 }, () => new nn.Block(8, { heads: 2, dropout: 0.1 }));
      readonly layers = Array.from({ length: 4 }, () => new nn.Mlp(8, { dropout: 0.1 }));
      forward(x: Tensor): Tensor {
        const y = this.blocks.reduce((y, block) => block.forward(y), x);
        return this.layers.reduce((y, layer) => tf.add(y, layer.forward(y)), y);
      }
    }
    const runs = new Map<boolean | RegExp, { loss: number; weights: Float32Array[]; bytes: number }>();
    const tensors = tf.memory().numTensors;
    for (const recompute of [false, true, /^layers.\d$/]) {
      nn.manualSeed(3);
      const model = new Deep();
      let bytes = 0;
      const loss = (): Tensor => {
        const y = model.forward(tf.ones([2, 12, 8]));
        bytes = tf.memory().numBytes;
        return tf.mean(tf.square(y));
      };
      const stages: train.Stage[] = [{ name: "one", groups: [{ parameters: /./, learningRate: 0.01 }], steps: 4 }];
      const data = train.batches([0, 1], { batchSize: 1 });
      const { last } = await train.fit({ model, data, loss, stages, recompute });
      runs.set(recompute, { loss: last!.loss, weights: [...(await valuesOf(model)).values()], bytes });
      model.dispose();
    }
    assert.equal(tf.memory().numTensors, tensors);
    const [plain, all, some] = [...runs.values()];
    for (const run of [all, some]) {
      assert.ok(Math.abs(run.loss - plain.loss) <= 1e-5 * plain.loss, `${run.loss}, not ${plain.loss}`);
      run.weights.forEach((values, i) =>
        values.forEach((value, k) => assert.ok(Math.abs(value - plain.weights[i][k]) <= 2e-3)),
      );
    }
    assert.ok(all.bytes < 0.6 * plain.bytes, `${all.bytes} of ${plain.bytes} bytes`);
    assert.ok(some.bytes < 0.9 * plain.bytes, `${some.bytes} of ${plain.bytes} bytes`);
  });

  it("refuses to compute again what is not there, and leaves the model as it was", async () => {
    const model = classifier();
    await assert.rejects(
      train.fit(optionsFor(model, { recompute: true })),
      /recompute must name modules; there are body, body.fc1, .*received/,
    );
    assert.ok([...model.namedParameters().values()].every(({ trainable }) => trainable));
    model.dispose();
  });

  it("a loss that is not finite stops it with the parameters and the checkpoint of the step before", async () => {
    const path = join(folder, `finite-${device}.safetensors`);
    const model = classifier();
    const tensors = tf.memory().numTensors;
    let good = new Map<string, Float32Array>();
    let calls = 0;
    const loss = (batch: Example[]) => {
      const { loss } = lossOf(model)(batch);
      return ++calls > 6 ? tf.mul(loss, NaN) : loss;
    };
    const run = train.fit(optionsFor(model, { loss, accumulate: 1, checkpoint: { path, every: 6 } }), async () => {
      good = await valuesOf(model);
    });
    await assert.rejects(
      run,
      /train.fit: the loss must be finite; the parameters are as before this step; in step 7 the first value that is not is in the loss itself: all outputs of modules are finite, received NaN/,
    );
    assert.deepEqual(await valuesOf(model), good);
    const { progress, model: stored } = await train.readCheckpoint(path);
    assert.equal(progress.step, 6);
    assert.deepEqual(stored.get("head.weight")!.data, good.get("head.weight"));
    assert.equal(tf.memory().numTensors, tensors);
    model.dispose();
  });
});

describe("a training on the device auto chooses", () => {
  before(() => nn.start());

  it("names gradients that are not finite", async () => {
    const model = classifier();
    // √ has an infinite slope at 0, and 0 · ∞ is NaN.
    const loss = () => tf.sum(tf.sqrt(tf.mul(model.head.bias!.value, 0)));
    const stages: train.Stage[] = [{ name: "one", groups: [{ parameters: "head", learningRate: 1 }], steps: 1 }];
    await assert.rejects(
      train.fit(optionsFor(model, { loss, stages })),
      /gradients must be finite; .*; in step 1 the first that is not is of head.bias, received \[head.bias\]/,
    );
    model.dispose();
  });

  it("names the step, the layer and the tensor where a loss breaks", async () => {
    class Root extends nn.Module {
      forward(x: Tensor): Tensor {
        return tf.sqrt(x);
      }
    }
    class Broken extends nn.Module {
      readonly blocks = [new nn.Block(8, { heads: 2, dropout: 0.1 }), new nn.Block(8, { heads: 2, dropout: 0.1 })];
      readonly root = new Root();
      readonly head = new nn.Linear(8, 1);
      forward(x: Tensor, breaks: boolean): Tensor {
        const y = this.blocks.reduce((y, block) => block.forward(y), x);
        return this.head.forward(this.root.forward(breaks ? tf.neg(tf.square(y)) : tf.square(y)));
      }
    }
    const model = new Broken();
    const before = tf.memory().numTensors;
    const options = (loss: (batch: number[]) => Tensor): train.FitOptions<number[]> => ({
      model,
      data: train.batches([0, 1, 2], { batchSize: 1, shuffle: false }),
      loss,
      stages: [{ name: "one", groups: [{ parameters: "head", learningRate: 0.1 }], steps: 3 }],
    });
    const x = (): Tensor => tf.ones([2, 3, 8]);
    await assert.rejects(
      train.fit(options(([item]) => tf.mean(tf.square(model.forward(x(), item === 1))))),
      /the loss must be finite; .*; in step 2 the first value that is not is in the output of root, Root \[2, 3, 8\], received NaN/,
    );
    await assert.rejects(
      train.fit(options(([item]) => tf.mean(model.forward(tf.div(x(), item === 0 ? 0 : 1), false)))),
      /in step 1 the first value that is not is in the input of blocks.0.norm1, LayerNorm \[2, 3, 8\], received NaN/,
    );
    model.blocks[1].attn.qProj.weight.assign(new Float32Array(64).fill(NaN));
    await assert.rejects(
      train.fit(options(() => tf.mean(model.forward(x(), false)))),
      /in step 1 the first value that is not is in the parameter blocks.1.attn.q_proj.weight \[8, 8\], received NaN/,
    );
    assert.equal(tf.memory().numTensors, before);
    model.dispose();
  });

  it("pauses and goes on, and other events come through between two steps", async () => {
    const model = classifier();
    const control = new train.TrainingControl();
    const steps: number[] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const run = train.fit(optionsFor(model, { control }), ({ step }) => {
      steps.push(step);
      if (step === 3) control.pause();
    });
    while (steps.length < 3) await new Promise(setImmediate);
    const ticksThen = ticks;
    while (ticks < ticksThen + 20) await new Promise(setImmediate);
    assert.deepEqual(steps, [1, 2, 3], "nothing happens in a pause");
    control.resume();
    assert.equal((await run).steps, 20);
    assert.ok(ticksThen > 0);
    clearInterval(timer);
    model.dispose();
  });

  it("stops at an abort signal", async () => {
    const model = classifier();
    const aborter = new AbortController();
    const { ended, steps } = await train.fit(optionsFor(model, { signal: aborter.signal }), ({ step }) => {
      if (step === 5) aborter.abort();
    });
    assert.deepEqual([ended, steps], ["stopped", 5]);
    model.dispose();
  });

  it("ends a stage early when the validation does not improve", async () => {
    const model = classifier();
    const numbers = [5, 3, 3, 3.5, 2];
    const validation = { every: 1, run: () => ({ error: numbers.shift() ?? 2 }) };
    const earlyStop: train.EarlyStop = { metric: "error", patience: 2 };
    const { stages } = await train.fit(optionsFor(model, { validation, earlyStop }));
    assert.deepEqual(
      stages.map(({ steps }) => steps),
      [4, 3],
    );
    model.dispose();
  });

  it("refuses to change what is frozen by other means", async () => {
    const model = classifier();
    const stages = TWO_STAGES.slice(0, 1);
    const run = train.fit(optionsFor(model, { stages }), () => model.norm.bias.assign(new Float32Array(16).fill(1)));
    await assert.rejects(run, /frozen parameters must not change, received \[norm.bias\]/);
    model.dispose();
  });

  it("refuses a checkpoint of another plan, of another frozen part, cut short, or of something else", async () => {
    const path = join(folder, "refuse.safetensors");
    const model = classifier();
    const stages = TWO_STAGES.slice(0, 1);
    await train.fit(optionsFor(model, { stages, checkpoint: { path } }));
    const again = (more: Partial<train.FitOptions<Example[]>>) =>
      train.fit(optionsFor(model, { stages, checkpoint: { path }, resume: true, ...more }));
    assert.equal((await again({})).steps, 8, "nothing is left to do");
    await assert.rejects(
      again({ accumulate: 1 }),
      /the checkpoint must be of this plan, head: 8 updates of head at 0.02/,
    );
    model.norm.bias.assign(new Float32Array(16).fill(0.5));
    await assert.rejects(again({}), /frozen parameters must equal those of the checkpoint/);
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    await assert.rejects(again({}), safetensors.SafetensorsError);
    await safetensors.write(path, new Map(), { format: "pt" });
    await assert.rejects(again({}), /must be a checkpoint, format fovea-training-1, received "pt"/);
    await safetensors.write(path, new Map(), { format: "fovea-training-1", progress: '{"step":-1}' });
    await assert.rejects(again({}), /the metadata must say where the training stands/);
    assert.ok(existsSync(path));
    assert.ok(
      readdirSync(folder).every((name) => name.endsWith(".safetensors")),
      "nothing is left beside checkpoints",
    );
    model.dispose();
  });

  it("refuses stages that name nothing, or that do not say how long", async () => {
    const model = classifier();
    const one = (stage: Partial<train.Stage>) =>
      train.fit(
        optionsFor(model, { stages: [{ name: "s", groups: [{ parameters: "head", learningRate: 1 }], ...stage }] }),
      );
    await assert.rejects(
      one({ steps: 1, groups: [{ parameters: "hea", learningRate: 1 }] }),
      /must name a parameter.*"hea"/,
    );
    await assert.rejects(one({}), /stage s needs steps or epochs above 0, one of them/);
    await assert.rejects(one({ steps: 1, epochs: 1 }), /stage s needs steps or epochs above 0, one of them/);
    await assert.rejects(train.fit(optionsFor(model, { stages: [] })), /there must be a stage/);
    model.dispose();
  });
});
