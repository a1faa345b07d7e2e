import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { goldenFile } from "../nn/golden.ts";
import { tf } from "../nn/names.ts";
import { tasks } from "../models/names.ts";

const golden = goldenFile("probe", new URL("golden/", import.meta.url));
const floats = (name: string): Float32Array => golden.get(name)!.data as Float32Array;
const ints = (name: string): Int32Array => golden.get(name)!.data as Int32Array;

const train = { features: floats("train"), labels: ints("labels") };
const test = { features: floats("test"), labels: ints("other") };

describe("probes of frozen features", () => {
  for (const l2 of [0.001, 0.1])
    it(`the linear one equals scikit-learn's logistic regression, l2 ${l2}`, async () => {
      const probe = await tasks.probe.linear(train, test, { l2 });
      const expected = floats(`weights ${l2}`);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - probe.weights[i])), 0);
      assert.ok(worst < 2e-3, `weights differ by ${worst}`);
      assert.deepEqual(probe.predictions, ints(`predictions ${l2}`));
      const right = probe.predictions.filter((one, i) => one === test.labels[i]).length;
      assert.equal(probe.accuracy, right / 80);
    });

  it("the nearest neighbours equal the protocol in NumPy", () => {
    assert.deepEqual(tasks.probe.knn(train, test).predictions, ints("knn 20 0.07"));
    const other = tasks.probe.knn(train, test, { k: 5, temperature: 1 });
    assert.deepEqual(other.predictions, ints("knn 5 1"));
    assert.ok(other.interval[0] < other.accuracy && other.accuracy < other.interval[1]);
  });

  it("both in one call, which leaves no tensor", async () => {
    await tasks.probe.linear(train, test, { steps: 1 });
    const count = tf.memory().numTensors;
    const scores = await tasks.probe.evaluate(train, test, { k: 5, temperature: 1, l2: 0.1 });
    assert.equal(tf.memory().numTensors, count);
    assert.deepEqual(scores.knn.predictions, ints("knn 5 1"));
    assert.deepEqual(scores.linear.predictions, ints("predictions 0.1"));
  });

  it("the interval is Wilson's, also where every answer is right", () => {
    const one = { features: Float32Array.of(1, 0, 0, 1), labels: [0, 1] };
    const { accuracy, interval } = tasks.probe.knn(one, one, { k: 1 });
    assert.equal(accuracy, 1);
    // n = 2: 1 / (1 + z² / n).
    assert.ok(Math.abs(interval[0] - 1 / (1 + 1.959963984540054 ** 2 / 2)) < 1e-12);
    assert.equal(interval[1], 1);
  });

  it("constant channels count as nothing, and larger k than rows means all", async () => {
    const flat = { features: Float32Array.of(1, 7, 2, 7, -1, 7, -2, 7), labels: [0, 0, 1, 1] };
    const { linear, knn } = await tasks.probe.evaluate(flat, flat, { k: 50 });
    assert.equal(linear.accuracy, 1);
    assert.equal(Math.abs(linear.weights[2]), 0);
    assert.equal(knn.predictions.length, 4);
  });

  it("refuses labels and features that do not fit", async () => {
    const bad = (features: number[], labels: number[]) => ({ features: Float32Array.from(features), labels });
    const good = bad([1, 2, 3, 4], [0, 1]);
    assert.throws(() => tasks.probe.knn(bad([1, 2, 3], [0, 1]), good), /features must be \[N, C\] for N labels/);
    assert.throws(() => tasks.probe.knn(good, bad([1, 2, 3], [0])), /test features must be \[N, 2\] for N labels/);
    assert.throws(() => tasks.probe.knn(bad([1, 2], [0.5]), good), /whole numbers of at least 0, received 0.5/);
    assert.throws(() => tasks.probe.knn(bad([1, NaN, 0, 0], [0, 1]), good), /finite \(row 0\), received NaN/);
    assert.throws(() => tasks.probe.knn(good, bad([1, 2], [2])), /test labels must lie in 0\.\.1, received 2/);
    assert.throws(() => tasks.probe.knn(good, good, { k: 0 }), /k must be a whole number of at least 1/);
    await assert.rejects(tasks.probe.evaluate(good, good, { c: 1 } as never), /options are l2, steps, k, temperature/);
    await assert.rejects(tasks.probe.linear(good, good, { l2: -1 }), /l2 must be at least 0/);
    await assert.rejects(tasks.probe.evaluate(bad([], []), good), /for N labels/);
  });
});
