import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import { type Example, EXAMPLES, classifier, lossOf, TWO_STAGES, optionsFor, valuesOf } from "./classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-train-"));
after(() => rmSync(folder, { recursive: true }));

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

  it("begins each stage with a new epoch, and gives every update as many batches as it accumulates", async () => {
    const model = classifier();
    const asked: string[] = [];
    const source = train.batches(EXAMPLES, { batchSize: 16 });
    assert.equal(source.length, 4);
    const data = {
      length: source.length,
      batch: (epoch: number, index: number) => {
        asked.push(`${epoch}.${index}`);
        return source.batch(epoch, index);
      },
    };
    const groups = [{ parameters: /./, learningRate: 1e-3 }];
    const stages = ["one", "two"].map((name): train.Stage => ({ name, groups, steps: 3 }));
    await train.fit({ ...optionsFor(model, { stages, accumulate: 2 }), data });
    assert.deepEqual(asked, ["0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1"]);
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
    // Another process would have another model: it has the first values, the file has the rest.
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
