/** Options that a function does not know are refused: PyTorch's `lr` would otherwise be ignored without a word. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { grounding, models, RuleError, similarity, train } from "../../kernel/index.ts";

const stray = { lr: 1e-3 } as object;
const set = { data: Float32Array.of(1, 2, 3), width: 1 };

const CALLS: Record<string, () => unknown> = {
  "train.constant": () => train.constant(stray),
  "train.linear": () => train.linear(stray),
  "train.cosine": () => train.cosine(stray),
  "train.batches": () => train.batches([1], { batchSize: 1, ...stray }),
  "train.AdamW": () => new train.AdamW([], stray),
  "train.SGD": () => new train.SGD([], stray),
  "train.augment.randomBlur": () => train.augment.randomBlur(stray),
  "train.augment.randomSolarize": () => train.augment.randomSolarize(stray),
  "models.Projector": () => new models.Projector(2, 2, stray),
  "similarity.mutualKnn": () => similarity.mutualKnn(set, set, { k: 1, ...stray }),
  "grounding.step": () => grounding.step({} as grounding.SimVg, stray),
};

describe("options that a function does not know", () => {
  for (const [name, call] of Object.entries(CALLS))
    it(`are refused by ${name}`, () =>
      assert.throws(
        call,
        (error) =>
          error instanceof RuleError && error.message.startsWith(`${name}: options are `) && /"lr"/.test(error.message),
      ));
});
