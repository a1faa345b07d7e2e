import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { assertClose, below, goldenFile, tensorOf } from "../nn/golden.ts";
import { nn, train, tf } from "../nn/names.ts";

const golden = goldenFile("training");

describe("schedules", () => {
  const check = (name: string, schedule: train.Schedule) => {
    const expected = golden.get(`rates/${name}`)!.data as Float32Array;
    expected.forEach((rate, step) => assert.ok(Math.abs(schedule(step, 20) - rate) < 1e-6, `${name} at ${step}`));
  };

  it("are those of transformers and torch", () => {
    check("constant", train.constant({ warmupSteps: 4 }));
    check("linear", train.linear({ warmupSteps: 3 }));
    check("cosine", train.cosine({ warmupSteps: 3 }));
    check("cosine-final", train.cosine({ final: 0.1 }));
  });

  it("take a warm-up as a share of all updates, rounded up", () => {
    const [share, steps] = [train.cosine({ warmupFraction: 0.11 }), train.cosine({ warmupSteps: 3 })];
    for (let step = 0; step < 20; step++) assert.equal(share(step, 20), steps(step, 20));
    assert.throws(() => train.linear({ warmupSteps: 3, warmupFraction: 0.1 }), /in steps or as a fraction, not both/);
    assert.throws(() => train.linear({ warmupFraction: 3 }), /warmupFraction must lie in \[0, 1\], received 3/);
  });
});

describe("batches", () => {
  const items = [...Array(10).keys()];
  const epoch = (source: train.BatchSource<number[]>, n: number) =>
    Array.from({ length: source.length }, (_, i) => source.batch(n, i) as number[]);

  it("hold each item once an epoch, in an order of seed and epoch", () => {
    const source = train.batches(items, { batchSize: 4, seed: 5 });
    assert.deepEqual(
      epoch(source, 0).map((batch) => batch.length),
      [4, 4, 2],
    );
    assert.deepEqual(epoch(source, 0).flat().sort(), items);
    assert.notDeepEqual(epoch(source, 0), epoch(source, 1));
    assert.deepEqual(epoch(source, 1), epoch(train.batches(items, { batchSize: 4, seed: 5 }), 1));
    assert.notDeepEqual(epoch(source, 1), epoch(train.batches(items, { batchSize: 4, seed: 6 }), 1));
  });

  it("leave out the last one, or the shuffling, on request", () => {
    assert.deepEqual(epoch(train.batches(items, { batchSize: 4, shuffle: false, dropLast: true }), 3), [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    assert.throws(() => train.batches(items, { batchSize: 0 }), /batchSize must be a whole number above 0, received 0/);
    assert.throws(() => train.batches([], { batchSize: 2 }), /there must be items for one batch, received 0/);
  });
});

onEveryDevice("pieces of training as PyTorch computes them", () => {
  it("clipping by the global norm, over the limit and below it", () => {
    const before = tf.memory().numTensors;
    for (const limit of [0.5, 100]) {
      const stored = below(golden, `clip-${limit}/grad.`);
      const gradients = new Map([...stored].map(([name, one]) => [name, tensorOf(one)]));
      const norm = train.globalNorm(gradients);
      assertClose(norm, golden.get(`clip-${limit}/norm`)!, 1e-6, "norm");
      train.scaleGradients(gradients, train.clipFactor(norm.dataSync()[0], limit));
      for (const [name, gradient] of gradients)
        assertClose(gradient, golden.get(`clip-${limit}/clipped.${name}`)!, 1e-6, `gradient ${name}`);
      for (const tensor of [norm, ...gradients.values()]) tensor.dispose();
    }
    assert.equal(tf.memory().numTensors, before);
  });

  it("norm and update of more tensors than one graph takes, scalars among them", () => {
    const before = tf.memory().numTensors;
    const shapes = Array.from({ length: 150 }, (_, i) => (i % 3 === 0 ? [] : [1 + (i % 5), 2]));
    const parameters = new Map(shapes.map((shape, i) => [`p${i}`, new nn.Parameter(shape, nn.constant(1))]));
    const gradients = new Map(shapes.map((shape, i) => [`p${i}`, tf.fill(shape, i + 1)]));
    const sizes = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
    const expected = Math.sqrt(sizes.reduce((sum, size, i) => sum + size * (i + 1) ** 2, 0));
    const norm = train.globalNorm(gradients);
    assert.ok(Math.abs(norm.dataSync()[0] - expected) < 1e-6 * expected);
    const optimizer = new train.AdamW([{ parameters }], { learningRate: 0.5, weightDecay: 0 });
    optimizer.step(gradients);
    // The first update of Adam has the length of the learning rate, whatever the gradient.
    for (const [name, { value }] of parameters)
      for (const one of value.dataSync()) assert.ok(Math.abs(one - 0.5) < 1e-5, `${name} is ${one}`);
    optimizer.dispose();
    tf.dispose([norm, ...gradients.values(), ...[...parameters.values()].map(({ value }) => value)]);
    assert.equal(tf.memory().numTensors, before);
  });

  it("moving averages, which change places with the parameters and back", async () => {
    const before = tf.memory().numTensors;
    const layer = new nn.Linear(3, 2);
    nn.loadState(layer, below(golden, "ema/model.0."));
    const ema = new train.Ema(layer, 0.8);
    for (let step = 1; step < 4; step++) {
      nn.loadState(layer, below(golden, `ema/model.${step}.`));
      ema.update();
      ema.swap();
      for (const [name, parameter] of layer.namedParameters())
        assertClose(parameter.value, golden.get(`ema/average.${step}.${name}`)!, 1e-6, `average of ${name}`);
      ema.swap();
      assert.deepEqual(await layer.weight.read(), golden.get(`ema/model.${step}.weight`)!.data);
    }
    ema.dispose();
    layer.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("a loss that throws leaves no tensor, one that is no scalar is refused", () => {
    const layer = new nn.Linear(3, 2);
    const before = tf.memory().numTensors;
    const parameters = layer.namedParameters();
    const fails = () => {
      layer.forward(tf.ones([4, 3]));
      throw new Error("in the middle");
    };
    assert.throws(() => train.lossAndGradients(fails, parameters), /in the middle/);
    assert.throws(
      () => train.lossAndGradients(() => layer.forward(tf.ones([4, 3])), parameters),
      /train.lossAndGradients: the loss must be a scalar, received \[4, 2\]/,
    );
    assert.equal(tf.memory().numTensors, before);
    layer.freeze();
    assert.throws(() => train.lossAndGradients(() => tf.scalar(1), parameters), /a parameter must be trainable/);
    layer.dispose();
  });
});
