import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { train } from "../nn/names.ts";
import { Prng } from "../../kernel/numeric/prng.ts";

const golden = JSON.parse(readFileSync(new URL("golden/weighted.json", import.meta.url), "utf8")) as {
  weights: number[];
  draws: number;
  with: number[][];
  without: number[][];
  labels: number[];
  balanced: number[];
  effective: number[];
};

const PLACES = golden.weights.map((_, i) => i);

const drawn = (source: train.BatchSource<number[]>, epoch: number): number[] =>
  Array.from({ length: source.length }, (_, i) => source.batch(epoch, i) as number[]).flat();

/** Two-sample chi-square statistic of equally large samples, and its degrees of freedom. */
function chiSquare(a: readonly number[], b: readonly number[]): { statistic: number; freedom: number } {
  const cells = a.map((count, i) => [count, b[i]]).filter(([x, y]) => x + y > 0);
  const statistic = cells.reduce((sum, [x, y]) => sum + (x - y) ** 2 / (x + y), 0);
  return { statistic, freedom: cells.length - 1 };
}

/** Counts of the first two items of many epochs. */
function pairsOf(options: { replacement: boolean; weights?: number[]; seed?: number }): number[] {
  const { weights = golden.weights, ...rest } = options;
  const source = train.weightedBatches(PLACES, { batchSize: 2, count: 2, weights, ...rest });
  const counts = new Array<number>(36).fill(0);
  for (let epoch = 0; epoch < golden.draws; epoch++) {
    const [first, second] = source.batch(epoch, 0) as number[];
    counts[6 * first + second]++;
  }
  return counts;
}

describe("weighted batches", () => {
  for (const replacement of [true, false]) {
    const torch = golden[replacement ? "with" : "without"].flat();
    it(`are distributed as torch's ${replacement ? "with" : "without"} replacement`, () => {
      const own = pairsOf({ replacement });
      const { statistic, freedom } = chiSquare(own, torch);
      // Beyond the 99.9 % point of chi-square by far: its mean is the freedom, its variance twice that.
      assert.ok(statistic < freedom + 4 * Math.sqrt(2 * freedom), `${statistic} at ${freedom} degrees of freedom`);
      assert.equal(own.filter((_, cell) => Math.floor(cell / 6) === 2 || cell % 6 === 2).join(""), "0".repeat(11));
      const others = pairsOf({ replacement, weights: [0.5, 3, 0, 1, 2.6, 0.25] });
      assert.ok(chiSquare(others, torch).statistic > 100, "other weights are told apart");
    });
  }

  it("have no item twice in an epoch without replacement, and give any position again", () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const weights = items.map((i) => (i % 5 ? i + 1 : 0));
    const source = train.weightedBatches(items, { batchSize: 8, weights, replacement: false, seed: 3 });
    assert.equal(source.length, 5);
    const [first, second] = [drawn(source, 0), drawn(source, 1)];
    assert.equal(new Set(first).size, 40);
    assert.notDeepEqual(first, second);
    const later = train.weightedBatches(items, { batchSize: 8, weights, replacement: false, seed: 3 });
    assert.deepEqual(later.batch(1, 3), second.slice(24, 32), "as a resumed training asks");
    assert.deepEqual(drawn(source, 0), first);
    const other = train.weightedBatches(items, { batchSize: 8, weights, replacement: false, seed: 4 });
    assert.notDeepEqual(drawn(other, 0), first);
  });

  it("draw by weights near the least number that there is as by others", () => {
    const ratio = [32, 8, 2, 1];
    const tiny = (replacement: boolean, scale: number): number[] => {
      const weights = ratio.map((weight) => weight * scale);
      const source = train.weightedBatches([0, 1, 2, 3], { batchSize: 1, count: 1, weights, replacement });
      return Array.from({ length: 400 }, (_, epoch) => (source.batch(epoch, 0) as number[])[0]);
    };
    for (const replacement of [true, false]) {
      const usual = tiny(replacement, 1);
      assert.ok(new Set(usual).size === 4);
      for (const scale of [5e-324, 2 ** -1060, 2 ** 900]) assert.deepEqual(tiny(replacement, scale), usual);
    }
  });

  it("draw by numbers of 53 bits, which tell items apart below a share of 2^-32", (t) => {
    t.mock.method(Prng.prototype, "next", () => 2 ** -22);
    const weights = [2 ** -40, 1, 1];
    const source = train.weightedBatches([0, 1, 2], { batchSize: 1, count: 1, weights });
    assert.deepEqual(source.batch(0, 0), [0], "2^-43 of the sum lies in the first share");
  });

  it("cut an epoch of any length", () => {
    const source = (more: object) => train.weightedBatches([1, 2, 3], { batchSize: 4, weights: [1, 1, 1], ...more });
    assert.deepEqual(drawn(source({ count: 10 }), 0).length, 10);
    assert.deepEqual(source({ count: 10, dropLast: true }).length, 2);
    assert.equal(drawn(source({ weights: [0, 0, 5] }), 0).join(), "3,3,3");
  });

  it("refuse what cannot be drawn", () => {
    const make = (more: object) => () =>
      train.weightedBatches([1, 2, 3], { batchSize: 1, weights: new Float32Array([1, 0, 2]), ...more });
    assert.throws(make({ weights: [1, 2] }), /weights must be 3 numbers, one for each item, received 2/);
    assert.throws(make({ weights: null }), /weights must be 3 numbers/);
    assert.throws(make({ weights: [1, -1, 2] }), /weight 1 must be a finite number of at least 0, received -1/);
    assert.throws(make({ weights: [1, NaN, 2] }), /weight 1 must be/);
    assert.throws(make({ weights: [0, 0, 0] }), /finite sum above 0, received 0/);
    assert.throws(make({ replacement: false, count: 3 }), /count is at most 2, the weights above 0, received 3/);
    assert.throws(make({ count: 0 }), /count must be/);
    assert.throws(make({ batchSize: 0 }), /train.weightedBatches: batchSize must be/);
    assert.throws(make({ weights: ["1", 1, 1] }), /weight 0 must be a finite number/);
    for (const items of [null, undefined, 3, "abc"])
      assert.throws(
        () => train.weightedBatches(items as never, { batchSize: 1, weights: [1] }),
        /items must be a list/,
      );
    assert.throws(() => train.weightedBatches([1], null as never), /options must be an object/);
    assert.throws(make({ shuffle: true }), /received "shuffle"/);
  });
});

describe("balanced weights", () => {
  it("weigh classes equally, or by their effective number, as NumPy computes it", () => {
    for (const [options, expected] of [
      [{}, golden.balanced],
      [{ beta: 0.9 }, golden.effective],
    ] as const)
      train
        .balancedWeights(golden.labels, options)
        .forEach((weight, i) => assert.ok(Math.abs(weight - expected[i]) < 1e-12));
    assert.deepEqual([...train.balancedWeights(["a", "b", "a"])], [0.75, 1.5, 0.75]);
  });

  it("refuse no labels and a bad beta", () => {
    assert.throws(() => train.balancedWeights([]), /there must be labels/);
    assert.throws(() => train.balancedWeights(null as never), /there must be labels, received null/);
    assert.throws(() => train.batches(null as never, { batchSize: 1 }), /train.batches: items must be a list/);
    assert.throws(() => train.balancedWeights([1], { beta: 1 }), /beta must lie in \[0, 1\)/);
  });
});
