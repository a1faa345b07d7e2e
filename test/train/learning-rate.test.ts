import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import { DISPLAY } from "../../kernel/display/describe.ts";
import { sharedRandom } from "../../kernel/nn/module/random.ts";
import { exponentialRates, hasDiverged, RunningMean, steepestFall } from "../../kernel/train/fit/sweep.ts";
import * as view from "../../kernel/view/index.ts";

interface Curve {
  beta: number;
  losses: number[];
  rates: number[];
  smoothed: number[];
  steepest: number;
}

describe("the arithmetic of a sweep", () => {
  const curves = JSON.parse(readFileSync(new URL("golden/sweep.json", import.meta.url), "utf8")) as Curve[];

  it("smooths and chooses as NumPy", () => {
    for (const { beta, losses, rates, smoothed, steepest } of curves) {
      const mean = new RunningMean(beta);
      const own = losses.map((loss) => mean.add(loss));
      own.forEach((value, i) => assert.ok(Math.abs(value - smoothed[i]) < 1e-12));
      assert.equal(steepestFall(own), steepest);
      exponentialRates(rates[0], rates[rates.length - 1], rates.length).forEach((rate, i) =>
        assert.ok(Math.abs(rate / rates[i] - 1) < 1e-12),
      );
    }
  });

  it("suggests nothing where the loss never falls, and sees a negative loss diverge", () => {
    assert.equal(steepestFall([1, 2, 3, 4, 5, 6]), null);
    assert.equal(steepestFall([3, 2, 1]), null, "too few");
    assert.equal(hasDiverged([1, 3.9], 4), false);
    assert.equal(hasDiverged([1, 4.1], 4), true);
    assert.equal(hasDiverged([-1, -0.5], 4), false);
    assert.equal(hasDiverged([-1, 2.1], 4), true);
  });
});

class Net extends nn.Module {
  readonly body = new nn.Mlp(3, { hiddenFeatures: 16, outFeatures: 1, dropout: 0.1 });
  forward(x: Tensor): Tensor {
    return this.body.forward(x);
  }
}

const ROWS = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i + 1)]);

function setUp(): { model: Net; data: train.BatchSource<number[][]>; loss: (batch: number[][]) => Tensor } {
  nn.manualSeed(5);
  const model = new Net();
  const loss = (batch: number[][]): Tensor => {
    const target = tf.tensor2d(batch.map(([a, b, c]) => [a - 2 * b + c]));
    return tf.mean(tf.square(tf.sub(model.forward(tf.tensor2d(batch)), target)));
  };
  return { model, data: train.batches(ROWS, { batchSize: ROWS.length }), loss };
}

const bitsOf = async (model: nn.Module): Promise<Uint8Array[]> =>
  Promise.all([...model.namedParameters().values()].map(async (one) => new Uint8Array((await one.read()).buffer)));

onEveryDevice("a learning-rate sweep", () => {
  it("finds a rate and leaves parameters, flags, modes and random numbers as they were, to the bit", async () => {
    const { model, data, loss } = setUp();
    model.freeze(/fc1\.bias/);
    model.body.fc2.eval();
    const [before, tensors, random] = [await bitsOf(model), tf.memory().numTensors, sharedRandom().state];
    const progress: number[] = [];
    const sweep = await train.findLearningRate({
      model,
      data,
      loss,
      steps: 60,
      smoothing: 0.9,
      groups: [
        { parameters: "body.fc2", learningRate: 0.5 },
        { parameters: "body.fc1.weight", learningRate: 0.1 },
      ],
      onProgress: ({ done }) => void progress.push(done),
    });
    assert.deepEqual(await bitsOf(model), before);
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(sharedRandom().state, random);
    assert.deepEqual([model.training, model.body.fc1.training, model.body.fc2.training], [true, true, false]);
    assert.equal(model.namedParameters().get("body.fc1.bias")!.trainable, false);
    assert.equal(model.namedParameters().get("body.fc1.weight")!.trainable, true);
    assert.deepEqual(
      progress,
      [...progress.keys()].map((i) => i + 1),
    );
    assert.ok(sweep.suggestion! > 1e-5 && sweep.suggestion! < 1, `${sweep.suggestion}`);
    assert.ok(sweep.diverged && sweep.losses.length < 60);
    const again = await train.findLearningRate({
      model,
      data,
      loss,
      steps: 60,
      smoothing: 0.9,
      groups: [
        { parameters: "body.fc2", learningRate: 0.5 },
        { parameters: "body.fc1.weight", learningRate: 0.1 },
      ],
    });
    assert.deepEqual(again.losses, sweep.losses);
    model.dispose();
  });
});

describe("findLearningRate", () => {
  it("ends at a loss that is not finite, but throws for one that is so at once", async () => {
    const { model, data, loss } = setUp();
    let calls = 0;
    const breaks = (batch: number[][]): Tensor => (++calls > 20 ? tf.mul(loss(batch), NaN) : loss(batch));
    const sweep = await train.findLearningRate({ model, data, loss: breaks, to: 1e-3, steps: 50 });
    assert.deepEqual([sweep.losses.length, sweep.diverged], [20, true]);
    const before = await bitsOf(model);
    await assert.rejects(
      train.findLearningRate({ model, data, loss: breaks }),
      (error: Error) => error instanceof train.NotFiniteError && /in step 1 the first value/.test(error.message),
    );
    assert.deepEqual(await bitsOf(model), before);
    model.dispose();
  });

  it("shows a table and a curve", async () => {
    const { model, data, loss } = setUp();
    const sweep = await train.findLearningRate({ model, data, loss, steps: 40, smoothing: 0.8, to: 0.1 });
    const bundle = sweep[DISPLAY]();
    assert.match(bundle["text/plain"], /^Learning-rate sweep of 40 updates: suggested \d\.\d\de-\d\n {2}learning rate/);
    const figure = view.learningRates(sweep).bundle;
    assert.match(String(figure["image/svg+xml"]), /suggested/);
    assert.match(String(figure["text/plain"]), /"smoothed", 40 points/);
    assert.throws(() => view.learningRates({ ...sweep, losses: [] }), /must be a result of train.findLearningRate/);
    assert.throws(() => view.learningRates(null as never), view.ViewError);
    model.dispose();
  });

  it("refuses bad options, and stops at a signal with the model as before", async () => {
    const { model, data, loss } = setUp();
    const sweep = (more: object) => train.findLearningRate({ model, data, loss, ...more });
    await assert.rejects(sweep({ form: 1 }), /options are model, .* received "form"/);
    await assert.rejects(sweep({ from: 1, to: 0.1 }), /0 < from < to, received \[1, 0.1\]/);
    await assert.rejects(sweep({ steps: 2 }), /at least 3, received 2/);
    await assert.rejects(sweep({ smoothing: 1 }), /smoothing must lie in \[0, 1\)/);
    await assert.rejects(sweep({ divergence: 1 }), /divergence must be above 1/);
    await assert.rejects(sweep({ accumulate: 0 }), /accumulate/);
    await assert.rejects(sweep({ clipNorm: NaN }), /clipNorm/);
    for (const learningRate of [0, NaN, -1, Infinity, undefined, "1"])
      await assert.rejects(
        sweep({
          groups: [
            { parameters: "body.fc1", learningRate: 1 },
            { parameters: /./, learningRate },
          ],
        }),
        /the learning rate of a group must be a finite number above 0/,
      );
    await assert.rejects(sweep({ groups: [null] }), /a group must name its parameters/);
    await assert.rejects(sweep({ groups: [] }), /groups must be a list/);
    for (const length of [0, NaN, 1.5, -1])
      await assert.rejects(sweep({ data: { ...data, length } }), /a whole number of batches above 0/);
    await assert.rejects(sweep({ data: [1] }), /data must give batches/);
    await assert.rejects(sweep({ loss: 1 }), /loss must be a function/);
    await assert.rejects(train.findLearningRate({} as never), /model must be a module/);
    await assert.rejects(train.findLearningRate(null as never), /options must be an object/);
    const before = await bitsOf(model);
    const aborter = new AbortController();
    const onProgress = ({ done }: { done: number }): void => void (done === 5 && aborter.abort(new Error("enough")));
    await assert.rejects(sweep({ from: 1e-3, signal: aborter.signal, onProgress }), /enough/);
    assert.deepEqual(await bitsOf(model), before);
    model.dispose();
  });
});
