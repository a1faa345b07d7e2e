import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import * as nn from "../../kernel/nn";
import { Prng } from "../../kernel/numeric/prng";
import * as train from "../../kernel/train";

describe("a seed", () => {
  it("gives one stream of numbers, and another one for each seed and purpose", () => {
    const first = (seed: number, stream = ""): number[] => {
      const random = new Prng(seed, stream);
      return [random.next(), random.next()];
    };
    assert.deepEqual(first(1), first(1));
    const all = [first(0), first(1), first(2 ** 32), first(2 ** 32 + 1), first(1, "a"), first(1, "b")];
    assert.equal(new Set(all.map(String)).size, all.length);
  });

  it("is a whole number of at least 0: no other number is rounded to one", () => {
    for (const seed of [1.5, -1, NaN, Infinity, 2 ** 53, "1" as never, null as never]) {
      const rule = /^\w+: ([\w.]+): a seed must be a whole number of at least 0, received /;
      assert.throws(() => new Prng(seed), rule);
      assert.throws(() => nn.manualSeed(seed), rule);
      assert.throws(() => train.batches([1, 2], { batchSize: 1, seed }), rule);
      assert.throws(() => train.weightedBatches([1, 2], { batchSize: 1, weights: [1, 1], seed }), rule);
      assert.throws(() => law.policy(law.publishedTable(), { seed, trials: 1 }), rule);
      assert.throws(() => law.fit(law.publishedTable(), { seed, permutations: 1 }), rule);
    }
  });
});
