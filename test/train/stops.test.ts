import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import * as safetensors from "../../kernel/safetensors";
import { type Example, classifier, TWO_STAGES, optionsFor } from "./classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-train-"));
after(() => rmSync(folder, { recursive: true }));

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

  it("refuses what is no model, no batches, no loss or no list of stages, by name", async () => {
    const model = classifier();
    for (const [options, rule] of [
      [{}, /model must be an nn\.Module, received undefined/],
      [{ ...optionsFor(model), loss: 3 }, /loss must be a function of a batch, received 3/],
      [{ ...optionsFor(model), data: undefined }, /data must be batches/],
      [{ ...optionsFor(model), stages: null }, /stages must be a list, received null/],
      [{ ...optionsFor(model), stagse: [] }, /options are model, data, .*, received "stagse"/],
    ] as const)
      await assert.rejects(train.fit(options as never), rule);
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
    for (const none of [undefined, null, "all"] as never[])
      await assert.rejects(train.fit(none), /train\.fit: options must be an object/);
    await assert.rejects(one({}), /stage s needs steps or epochs above 0, one of them/);
    await assert.rejects(one({ steps: 1, epochs: 1 }), /stage s needs steps or epochs above 0, one of them/);
    await assert.rejects(train.fit(optionsFor(model, { stages: [] })), /there must be a stage/);
    model.dispose();
  });
});
